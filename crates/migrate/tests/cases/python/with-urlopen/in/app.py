from urllib.request import urlopen

with urlopen("http://169.254.169.254/latest/meta-data/instance-id", timeout=2) as answer:
    print(answer.read().decode())
