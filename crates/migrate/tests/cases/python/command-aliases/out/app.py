import subprocess as sp
from subprocess import getoutput

U = "http://169.254.169.254/latest/"
print(sp.getoutput("IMDS_TOKEN=$(curl -sf -X PUT -H \"X-aws-ec2-metadata-token-ttl-seconds: 21600\" \"http://169.254.169.254/latest/api/token\") || true; curl -H \"X-aws-ec2-metadata-token: $IMDS_TOKEN\" -ss http://169.254.169.254/latest/dynamic/instance-identity/document | jq -r .region"))
print(getoutput("IMDS_TOKEN=$(curl -sf -X PUT -H \"X-aws-ec2-metadata-token-ttl-seconds: 21600\" \"http://169.254.169.254/latest/api/token\") || true; curl -H \"X-aws-ec2-metadata-token: $IMDS_TOKEN\" -s http://169.254.169.254/latest/meta-data/placement/availability-zone"))
