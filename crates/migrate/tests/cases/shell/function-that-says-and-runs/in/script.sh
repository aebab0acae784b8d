#!/bin/bash
from_command() {
  echo "setting $1 from \"${*:2}\"" >&2
  bash -o pipefail -c "${*:2}"
}
ID=$(from_command id "curl -s http://169.254.169.254/latest/meta-data/instance-id | tr a-z A-Z")
echo "$ID"
