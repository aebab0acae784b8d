import os
import subprocess

print(os.popen("curl -s http://169.254.169.254/latest/meta-data/instance-id").read())
os.system('curl -s "http://169.254.169.254/latest/meta-data/instance-type"')
zone = subprocess.check_output(
    "curl -s http://169.254.169.254/latest/meta-data/placement/availability-zone | tr a-z A-Z",
    shell=True,
)
print(zone.decode())
