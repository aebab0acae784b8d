#!/usr/bin/python
from urllib2 import urlopen, URLError, Request
try:
	imds_token_request = Request("http://169.254.169.254/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"})
	imds_token_request.get_method = lambda: "PUT"
	imds_token = urlopen(imds_token_request).read()
	iid = urlopen(Request("http://169.254.169.254/latest/meta-data/instance-id", headers={"X-aws-ec2-metadata-token": imds_token})).read()
except URLError:
	iid = None
