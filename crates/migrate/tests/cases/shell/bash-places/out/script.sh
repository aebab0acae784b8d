#!/bin/bash
IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
case "$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://169.254.169.254/latest/meta-data/instance-type)" in t*) echo small ;; esac
[[ $(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://169.254.169.254/latest/meta-data/instance-id) =~ ^i- ]] && echo instance
(( $(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://169.254.169.254/latest/meta-data/ami-launch-index) == 0 )) && echo first
all=( $(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://169.254.169.254/latest/meta-data/placement/) )
echo "${#all[@]}"
printf -v zone '%s' "$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://169.254.169.254/latest/meta-data/placement/availability-zone)"
echo "$zone"
! curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -sf http://169.254.169.254/latest/meta-data/instance-id > /dev/null || echo answered
