from urllib.request import urlopen
iid = urlopen('http://169.254.169.254/latest/meta-data/instance-id').read().decode('utf-8')
print(iid)
