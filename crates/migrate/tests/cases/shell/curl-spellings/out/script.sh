#!/bin/bash
IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token" || wget -qO- --timeout=2 --tries=1 --method=PUT --header="X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://169.254.169.254/latest/meta-data/instance-id --output out/id --create-dirs
curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -sO http://169.254.169.254/latest/meta-data/instance-type
curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s --url http://169.254.169.254/latest/meta-data/placement/region
curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -X GET -s http://169.254.169.254/latest/meta-data/instance-id
curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s -x '' http://169.254.169.254/latest/meta-data/instance-id
curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s "http://169.254.169.254/latest/meta-data/{instance-id,instance-type}"
/usr/bin/curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -4s http://169.254.169.254/latest/meta-data/instance-id
curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -so- http://169.254.169.254/latest/meta-data/instance-id
wget --header="X-aws-ec2-metadata-token: $IMDS_TOKEN" --timeout=2 --tries=1 -O - -q 'http://169.254.169.254/latest/meta-data/instance-id' 2>/dev/null
cat out/id instance-type
