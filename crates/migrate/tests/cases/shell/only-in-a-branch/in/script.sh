#!/bin/bash
set -e
if [ "$CLOUD" = aws ]; then
    ID=$(curl -s http://169.254.169.254/latest/meta-data/instance-id)
    AZ=$(curl -s http://169.254.169.254/latest/meta-data/placement/availability-zone)
else
    ID=$(hostname)
fi
echo "$ID $AZ"
