import subprocess as sp
from subprocess import getoutput

U = "http://169.254.169.254/latest/"
print(sp.getoutput("curl -ss http://169.254.169.254/latest/dynamic/instance-identity/document | jq -r .region"))
print(getoutput("curl -s http://169.254.169.254/latest/meta-data/placement/availability-zone"))
