#!/bin/bash
for HOST in "$@"; do
  curl -s "http://$HOST/latest/meta-data/instance-id"
done
pick() { OTHER=$1; }
pick "$1"
curl -s "http://$OTHER/latest/meta-data/ami-id" "http://169.254.169.254/latest/meta-data/mac"
curl -s "http://169.254.169.254/latest/meta-data/hostname"
