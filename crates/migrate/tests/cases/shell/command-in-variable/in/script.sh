#!/bin/bash
CURL="curl -s --retry 2"
ID=$($CURL http://169.254.169.254/latest/meta-data/instance-id)
AMI=$($CURL http://169.254.169.254/latest/meta-data/ami-id)
echo "$ID $AMI"
