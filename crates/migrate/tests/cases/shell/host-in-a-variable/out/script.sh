#!/bin/bash
HOST=${HOST:-169.254.169.254}
IMDS_TOKEN=$(curl -sfg -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://$HOST/latest/api/token") || true
curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://$HOST/latest/meta-data/instance-id
for path in ami-id mac; do
  curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s "http://${HOST}/latest/meta-data/$path"
done
meta() { IMDS_TOKEN=$(curl -sfg -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://$HOST/latest/api/token") || true; curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s "http://$HOST/latest/meta-data/$1"; }
meta hostname
