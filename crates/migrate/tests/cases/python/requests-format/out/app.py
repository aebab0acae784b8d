import requests
URL = 'http://169.254.169.254/latest/{}'
imds_token = requests.put("http://169.254.169.254/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}).text
doc = requests.get(URL.format('dynamic/instance-identity/document'), headers={"X-aws-ec2-metadata-token": imds_token}).json()
print(doc['region'])
print(requests.get("%s/instance-id" % "http://169.254.169.254/latest/meta-data", headers={"X-aws-ec2-metadata-token": imds_token}).text)
