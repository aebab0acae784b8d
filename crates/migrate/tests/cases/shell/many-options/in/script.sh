#!/bin/bash
ID=$(curl -sS --fail --location --retry 3 --retry-delay 0 --connect-timeout 2 --max-time 5 \
  --noproxy '*' "http://169.254.169.254/latest/meta-data/instance-id")
echo "$ID"
wget --quiet --timeout=2 --tries=1 --output-document=/tmp/zone \
  http://169.254.169.254/latest/meta-data/placement/availability-zone && cat /tmp/zone
