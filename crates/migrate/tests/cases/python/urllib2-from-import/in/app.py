#!/usr/bin/python
from urllib2 import urlopen, URLError
try:
	iid = urlopen("http://169.254.169.254/latest/meta-data/instance-id").read()
except URLError:
	iid = None
