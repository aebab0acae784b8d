#!/bin/bash
CMD="curl -s http://169.254.169.254/latest/meta-data/instance-id"
ID=$(eval $CMD)
echo "$ID"
