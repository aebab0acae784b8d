#!/bin/bash
set -euo pipefail
INSTANCE_ID=$(curl -sf http://169.254.169.254/latest/meta-data/instance-id)
echo "$INSTANCE_ID"
