import requests
def fetch(url):
    return requests.get(url).text
fetch("http://169.254.169.254/latest/meta-data/instance-id")
fetch("https://example.com/")
