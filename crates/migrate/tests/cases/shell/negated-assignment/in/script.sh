#!/bin/bash
set -e
if ! ID=$(curl -sf http://169.254.169.254/latest/meta-data/instance-id); then
  echo "not on EC2" >&2
  exit 3
fi
[[ $(curl -sf http://169.254.169.254/latest/meta-data/instance-type) == t[23].* ]] && echo "$ID is small"
