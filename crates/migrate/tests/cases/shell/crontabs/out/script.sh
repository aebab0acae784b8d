#!/bin/bash
cat > etc/cron.d/spot <<'CRON'
SHELL=/bin/sh
*/5 * * * * root IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true; curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://169.254.169.254/latest/meta-data/instance-type | tr a-z A-Z
@reboot root IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true; curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://169.254.169.254/latest/meta-data/instance-id > id.txt
CRON
echo "0 4 * * * root IMDS_TOKEN=\$(curl -sf -X PUT -H \"X-aws-ec2-metadata-token-ttl-seconds: 21600\" \"http://169.254.169.254/latest/api/token\") || true; curl -H \"X-aws-ec2-metadata-token: \$IMDS_TOKEN\" -s http://169.254.169.254/latest/meta-data/ami-launch-index" >> etc/cron.d/spot
