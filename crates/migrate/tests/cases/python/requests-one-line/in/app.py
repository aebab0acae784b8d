import requests
def f(): return requests.get("http://169.254.169.254/latest/meta-data/instance-id").text
print(f())
