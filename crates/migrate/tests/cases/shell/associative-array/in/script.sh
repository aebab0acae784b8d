#!/bin/bash
set -euo pipefail
declare -A fact
fact[id]=$(curl -sf http://169.254.169.254/latest/meta-data/instance-id)
fact["type"]="$(curl -sf http://169.254.169.254/latest/meta-data/instance-type)"
for key in id type; do
	echo "$key=${fact[$key]}"
done
