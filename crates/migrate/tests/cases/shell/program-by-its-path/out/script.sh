#!/bin/bash
CURL=$(command -v curl)
SUDO=
[ -z "$AS_ROOT" ] || SUDO="sudo"
WGET=$(which wget)
IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token" || wget -qO- --method=PUT --header="X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
$CURL -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://169.254.169.254/latest/meta-data/instance-id
$SUDO curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://169.254.169.254/latest/meta-data/ami-id
"$WGET" --header="X-aws-ec2-metadata-token: $IMDS_TOKEN" -qO- http://169.254.169.254/latest/meta-data/mac
