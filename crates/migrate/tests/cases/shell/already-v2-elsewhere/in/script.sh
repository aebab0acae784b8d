#!/bin/sh
. /opt/imds.sh
TOKEN=$(imds_token)
curl -s -H "X-aws-ec2-metadata-token: $TOKEN" http://169.254.169.254/latest/meta-data/mac
wget -q --header "X-aws-ec2-metadata-token: ${TOKEN}" -O- http://169.254.169.254/latest/meta-data/mac
CURL="curl -s -H X-aws-ec2-metadata-token:$TOKEN"
$CURL http://169.254.169.254/latest/meta-data/mac
HDR="X-aws-ec2-metadata-token: $TOKEN"; MD=http://169.254.169.254/latest/meta-data
for k in mac ami-id; do curl -s -H "$HDR" $MD/$k; done
http PUT 169.254.169.254/latest/api/token X-aws-ec2-metadata-token-ttl-seconds:60
