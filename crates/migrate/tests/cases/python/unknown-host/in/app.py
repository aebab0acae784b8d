import os
import urllib.request

print(urllib.request.urlopen(os.environ["IMDS"] + "/latest/meta-data/instance-id").read().decode())
