#!/bin/bash
set -e
ID=$(curl -sm 2 http://169.254.169.254/latest/meta-data/instance-id)
TYPE=$(curl -sSm2 http://169.254.169.254/latest/meta-data/instance-type)
echo "$ID $TYPE"
