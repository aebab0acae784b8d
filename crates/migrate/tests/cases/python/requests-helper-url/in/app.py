import requests
def fetch(url):
    return requests.get(url, timeout=2).text
print(fetch("http://169.254.169.254/latest/meta-data/instance-id"), fetch(url="http://169.254.169.254/latest/meta-data/ami-id"))
