#!/bin/sh
IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
AZ=`curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://169.254.169.254/latest/meta-data/placement/availability-zone`
REGION="`echo \"$AZ\" | sed 's/[a-z]$//'`"
cat <<EOF > awscli.conf
[default]
region = $(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s 169.254.169.254/latest/meta-data/placement/availability-zone | sed 's/.$//')
other = $REGION
EOF
cat awscli.conf
