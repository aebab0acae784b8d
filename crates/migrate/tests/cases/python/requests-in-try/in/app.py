import requests
try:
    az = requests.get('http://169.254.169.254/latest/meta-data/placement/availability-zone', timeout=1).text
    itype = requests.get('http://169.254.169.254/latest/meta-data/instance-type', timeout=1).text
except requests.exceptions.RequestException:
    az = itype = None
print(az, itype)
