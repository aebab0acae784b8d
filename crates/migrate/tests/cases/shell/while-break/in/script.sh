#!/bin/sh
while :; do
  ID=$(curl -sf http://169.254.169.254/latest/meta-data/instance-id) && break
  sleep 2
done
printf '%s\n' "$ID" "$(curl -s http://169.254.169.254/latest/meta-data/ami-launch-index)"
