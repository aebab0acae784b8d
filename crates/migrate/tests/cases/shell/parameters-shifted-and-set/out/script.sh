#!/bin/bash
M=http://169.254.169.254/latest/meta-data
second() { shift; IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true; curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s "$1"; }
second first $M/instance-id

with_options() {
  local tries=$1
  shift
  IMDS_TOKEN=$(curl -sf --retry "$tries" -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
  curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s --retry "$tries" "$@"
}
with_options 3 $M/ami-id

each() {
  while [ $# -gt 0 ]; do
    IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
    curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s "$1"
    shift
  done
}
each $M/mac $M/hostname
for_each() { for url; do IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true; curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s "$url"; done; }
for_each $M/local-ipv4 $M/local-hostname

options() {
  while [ $# -gt 0 ]; do
    case $1 in
      --url) url=$2; shift 2 ;;
      *) shift ;;
    esac
  done
  IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
  curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s "$url"
}
options -v --url $M/instance-type

set -- $M/security-groups $M/reservation-id
IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s "$1"
shift
curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s "$1"
