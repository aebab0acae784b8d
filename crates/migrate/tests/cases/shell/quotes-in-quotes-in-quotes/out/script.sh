#!/bin/bash
bash -c "bash -c 'IMDS_TOKEN=\$(curl -sf -X PUT -H \"X-aws-ec2-metadata-token-ttl-seconds: 21600\" \"http://169.254.169.254/latest/api/token\") || true; echo \"id: \$(curl -H \"X-aws-ec2-metadata-token: \$IMDS_TOKEN\" -s http://169.254.169.254/latest/meta-data/instance-id)\"'"
IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
echo "zone \"$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s "http://169.254.169.254/latest/meta-data/placement/availability-zone" | tr -d '"')\""
