#!/bin/bash
HDR="X-aws-ec2-metadata-token"
imds() {
  local token
  token=$(curl -sf -X PUT -H "$HDR-ttl-seconds: 60" http://169.254.169.254/latest/api/token)
  curl -sf -H "$HDR: $token" "http://169.254.169.254/latest/meta-data/$1"
}
imds instance-id
