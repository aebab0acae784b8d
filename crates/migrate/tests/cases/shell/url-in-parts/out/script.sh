#!/bin/bash
a=http://169.254.169.254/latest
a+=/meta-data
a+=/instance-id
IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s "$a"

b=http://169.254.169.254
b+=/latest/meta-data
curl -s "$b/ami-id"

c=$(printf 'http://169.254.169.254/%s/%s\n' latest/meta-data mac)
curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s "$c"
