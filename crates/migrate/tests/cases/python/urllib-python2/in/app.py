import urllib
print(urllib.urlopen("http://169.254.169.254/latest/meta-data/instance-id").read())
