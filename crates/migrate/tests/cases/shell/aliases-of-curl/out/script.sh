#!/bin/bash
echo "curl() failed" >&2
shopt -s expand_aliases
alias curl='curl -sS --fail'
alias wget="wget -e use_proxy=$1"
IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" http://169.254.169.254/latest/meta-data/instance-id
wget -qO- http://169.254.169.254/latest/meta-data/ami-id
