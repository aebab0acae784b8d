#!/bin/bash
[ -z "$REGION" ] && REGION=$(curl -s http://169.254.169.254/latest/meta-data/placement/region)
[ -n "$ID" ] || ID=$(curl -s http://169.254.169.254/latest/meta-data/instance-id)
echo "$REGION $ID"
