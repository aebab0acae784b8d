#!/bin/bash
IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
REGION=$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" --silent --url http://169.254.169.254/latest/dynamic/instance-identity/document | jq -r .region)
ACCOUNT="$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s "http://169.254.169.254/latest/dynamic/instance-identity/document" | grep -oP '(?<="accountId" : ")[^"]*')"
echo "$ACCOUNT in ${REGION}"
