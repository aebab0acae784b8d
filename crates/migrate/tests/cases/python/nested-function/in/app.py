import requests


def outer():
    zone = requests.get("http://169.254.169.254/latest/meta-data/placement/availability-zone").text

    def inner():
        return requests.get("http://169.254.169.254/latest/meta-data/placement/region").text

    return zone, inner()


print(outer())
