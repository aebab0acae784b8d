#!/bin/sh
if command -v curl >/dev/null; then
  ID=$(curl -s http://169.254.169.254/latest/meta-data/instance-id)
else
  ID=$(wget -qO- http://169.254.169.254/latest/meta-data/instance-id)
fi
echo "$ID"
