#!/bin/bash
get_token() {
  curl -s -X PUT http://169.254.169.254/latest/api/token -H 'X-aws-ec2-metadata-token-ttl-seconds: 60'
}
T=$(get_token)
curl -s http://169.254.169.254/latest/meta-data/instance-id
curl -s -H "X-aws-ec2-metadata-token: $T" http://169.254.169.254/latest/meta-data/ami-id
