"""Two functions, each with a token of its own."""
import json
import urllib.request

BASE = "http://169.254.169.254/latest"


def region():
    document = urllib.request.urlopen(BASE + "/dynamic/instance-identity/document").read()
    return json.loads(document)["region"]


def names():
    first = urllib.request.urlopen(BASE + "/meta-data/instance-id").read().decode()
    try:
        second = urllib.request.urlopen(BASE + "/meta-data/nothing").read().decode()
    except OSError as error:
        second = str(error)
    return first, second


print(region(), *names())
