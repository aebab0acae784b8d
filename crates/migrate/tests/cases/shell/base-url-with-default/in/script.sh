#!/bin/bash
: "${WAIT:=1}"
region=$(curl -s "${IMDS_ENDPOINT:-http://169.254.169.254}/latest/meta-data/placement/region")
echo "$region"
