#!/bin/bash
base=http://169.254.169.254
[ -n "$1" ] && base=$1
curl -s "$base/latest/meta-data/instance-id"
