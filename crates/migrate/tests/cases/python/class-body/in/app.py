import requests


class Here:
    ID = requests.get("http://169.254.169.254/latest/meta-data/instance-id").text


print(Here.ID, sorted(vars(Here))[0])
