#!/bin/sh
n=0
until IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true; curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -sf -o /dev/null http://169.254.169.254/latest/meta-data/ || [ $n -ge 2 ]; do
  n=$((n + 1))
  sleep 1
done
echo "after $n: $(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://169.254.169.254/latest/meta-data/instance-id)"
