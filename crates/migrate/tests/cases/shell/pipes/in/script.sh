#!/bin/bash
REGION=$(curl -s http://169.254.169.254/latest/dynamic/instance-identity/document | jq -r .region)
curl -s http://169.254.169.254/latest/meta-data/placement/availability-zone | sed 's/.$//' | tee /etc/region
echo "$REGION"
