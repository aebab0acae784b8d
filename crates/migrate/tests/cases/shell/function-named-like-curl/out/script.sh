#!/bin/bash
M=http://169.254.169.254/latest/meta-data
curl() {
  command curl "$@" $MIRROR
}
wget() { /usr/bin/wget "$@" 2> /dev/null; }
curl -s $M/instance-id
wget -qO- $M/ami-id
IMDS_TOKEN=$(command curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
command curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s $M/mac
