import urllib2
imds_token_request = urllib2.Request("http://169.254.169.254/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"})
imds_token_request.get_method = lambda: "PUT"
imds_token = urllib2.urlopen(imds_token_request, timeout=1).read()
iid = urllib2.urlopen(urllib2.Request("http://169.254.169.254/latest/meta-data/instance-id", headers={"X-aws-ec2-metadata-token": imds_token}), timeout=1).read()
print iid
