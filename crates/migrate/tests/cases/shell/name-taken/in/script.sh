#!/bin/bash
IMDS_TOKEN=secret-of-another-kind
ID=$(curl -s http://169.254.169.254/latest/meta-data/instance-id)
echo "$ID $IMDS_TOKEN"
