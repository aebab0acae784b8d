import urllib.request
req = urllib.request.Request("http://169.254.169.254/latest/meta-data/instance-id")
print(urllib.request.urlopen(req).read().decode())
