#!/bin/bash
. <(echo "ID=$(curl -s http://169.254.169.254/latest/meta-data/instance-id)")
source /dev/stdin <<<"TYPE=$(curl -s http://169.254.169.254/latest/meta-data/instance-type)"
echo "$ID $TYPE"
