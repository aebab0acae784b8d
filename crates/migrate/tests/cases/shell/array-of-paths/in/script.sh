#!/bin/bash
declare -r BASE=http://169.254.169.254/latest/meta-data
paths=(instance-id ami-launch-index placement/region)
for p in "${paths[@]}"; do
  printf '%s: ' "$p"
  curl -s "$BASE/$p"
  echo
done
