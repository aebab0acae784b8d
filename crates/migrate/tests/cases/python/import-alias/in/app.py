import requests as r
import urllib.request as u
from urllib import request as q

print(r.get("http://169.254.169.254/latest/meta-data/instance-id", timeout=2).text)
print(u.urlopen("http://169.254.169.254/latest/meta-data/instance-type").read().decode())
print(q.urlopen("http://169.254.169.254/latest/meta-data/placement/region").read().decode())
