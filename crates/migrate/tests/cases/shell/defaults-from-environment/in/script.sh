#!/bin/bash
URL=${URL:-http://169.254.169.254/latest/meta-data/instance-id}
curl -s "$URL"
: "${TYPE_URL:=http://169.254.169.254/latest/meta-data/instance-type}"
curl -s "$TYPE_URL"
curl -s "${MAC_URL-http://169.254.169.254/latest/meta-data/mac}"
[ -n "$AMI_URL" ] || AMI_URL=http://169.254.169.254/latest/meta-data/ami-id
curl -s "$AMI_URL"
if [ -z "$BASE" ]; then
  BASE=http://169.254.169.254/latest/meta-data
fi
curl -s "$BASE/hostname"
curl -s ${OPTIONS:--f} http://169.254.169.254/latest/meta-data/local-ipv4
${CURL:-curl} -s http://169.254.169.254/latest/meta-data/local-hostname
curl -s -m "${TIMEOUT:-5}" "http://169.254.169.254/${VERSION:-latest}/meta-data/reservation-id"
last() { curl -s "${1:-http://169.254.169.254/latest/meta-data/security-groups}"; }
last "$1"
