#!/bin/bash
true && true && \
{ IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true; } && INSTANCE=$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://169.254.169.254/latest/meta-data/instance-id) && \
echo "Name=resource-id,Values=$INSTANCE"
IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
INTERFACE=$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" --silent http://169.254.169.254/latest/meta-data/network/interfaces/macs/ | head -n1)
echo "$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" --silent http://169.254.169.254/latest/meta-data/network/interfaces/macs/${INTERFACE}/device-number)"
(
  cd . ; curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -sLo id http://169.254.169.254/latest/meta-data/instance-id
) &
wait
cat id
[ -f /etc/none ] || curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://169.254.169.254/latest/meta-data/mac >mac
test "$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://169.254.169.254/latest/meta-data/mac)" = "$(cat mac)" && echo same || echo other
if [[ $(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -sw '%{http_code}' -o /dev/null http://169.254.169.254/latest/meta-data/mac) -eq 200 ]]; then curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://169.254.169.254/latest/meta-data/instance-type; echo; fi
eval "$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://169.254.169.254/latest/meta-data/instance-type | sed 's/^/TYPE=/')"
echo "$TYPE"
curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://169.254.169.254/latest/meta-data/{instance-id,instance-type}
curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s "http://169.254.169.254/latest/meta-data/$(echo instance-id)"
echo s3://bucket/$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://169.254.169.254/latest/meta-data/instance-id)/x
curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s -m5 http://169.254.169.254/latest/meta-data/instance-id 2>&1 | tee >(cat >&2); echo
