#!/bin/bash
until curl -sf http://169.254.169.254/latest/meta-data/instance-id >/dev/null; do
  sleep 1
done
ID=$(curl -sf http://169.254.169.254/latest/meta-data/instance-id)
echo "$ID"
