#!/bin/bash
set -eu
REGION=${REGION:-$(curl -sf http://169.254.169.254/latest/meta-data/placement/region)}
: "${ID:=$(curl -sf http://169.254.169.254/latest/meta-data/instance-id)}"
echo "$REGION $ID"
