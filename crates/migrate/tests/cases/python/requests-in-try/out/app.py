import requests
try:
    imds_token = requests.put("http://169.254.169.254/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}, timeout=1).text
    az = requests.get('http://169.254.169.254/latest/meta-data/placement/availability-zone', headers={"X-aws-ec2-metadata-token": imds_token}, timeout=1).text
    itype = requests.get('http://169.254.169.254/latest/meta-data/instance-type', headers={"X-aws-ec2-metadata-token": imds_token}, timeout=1).text
except requests.exceptions.RequestException:
    az = itype = None
print(az, itype)
