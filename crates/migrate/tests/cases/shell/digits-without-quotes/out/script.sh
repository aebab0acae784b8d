#!/bin/sh
U=http://169.254.169.254/latest
meta() { IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true; curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s $U/meta-data/$1; }
pair() { IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true; curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s $U/$1/$2; }
meta instance-id
pair meta-data instance-type
echo
