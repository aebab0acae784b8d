import requests
HOST = "169.254.169.254"
def get(key):
    return requests.get(f"http://{HOST}/latest/meta-data/{key}").text
print(get("ami-id"))
