#!/bin/bash
set -e
ID=$(curl -sf http://169.254.169.254/latest/meta-data/instance-id || echo unknown)
IP=$(curl -sf http://169.254.169.254/latest/meta-data/public-ipv4) || IP=none
echo "$ID $IP"
