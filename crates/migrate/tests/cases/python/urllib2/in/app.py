import urllib2
iid = urllib2.urlopen("http://169.254.169.254/latest/meta-data/instance-id", timeout=1).read()
print iid
