#!/bin/bash
get_token() { curl -s -X PUT "http://169.254.169.254/latest/api/token" -H "X-aws-ec2-metadata-token-ttl-seconds: ${1:-60}"; }
imds() { local t; t=$(get_token); curl -s -H "X-aws-ec2-metadata-token: $t" "http://169.254.169.254/latest/$1"; }
imds meta-data/instance-id
H=(-H "X-aws-ec2-metadata-token: $(get_token)")
curl -s "${H[@]}" http://169.254.169.254/latest/meta-data/mac
HEADER="X-aws-ec2-metadata-token: $(get_token)"
curl -s --header "$HEADER" http://169.254.169.254/latest/meta-data/mac
wget -qO- --header "$HEADER" http://169.254.169.254/latest/meta-data/mac
