import requests

CLOUDS = {
    "AWS": {"url": "http://169.254.169.254/latest/dynamic/instance-identity/document", "headers": {}},
}


def details():
    for name in CLOUDS:
        entry = CLOUDS[name]
        answer = requests.get(entry["url"], headers=entry["headers"], timeout=1)
        return answer.json()["instanceId"]


print(details())
