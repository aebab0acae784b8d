import urllib.request
with urllib.request.urlopen("http://169.254.169.254/latest/meta-data/instance-id", timeout=2) as f:
    print(f.read().decode())
