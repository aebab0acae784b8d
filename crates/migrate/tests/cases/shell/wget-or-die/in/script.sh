#!/bin/bash
set -euo pipefail
die() { echo "$*" >&2; exit 1; }
instance_id="`wget -q -O - http://169.254.169.254/latest/meta-data/instance-id || die \"no instance-id: $?\"`"
test -n "$instance_id" || die 'no instance-id'
region=$(curl --silent --show-error --retry 3 http://169.254.169.254/latest/dynamic/instance-identity/document | jq -r .region)
echo "$instance_id $region"
