#!/bin/bash
out=$( set -e
  id=$(curl -sf http://169.254.169.254/latest/meta-data/instance-id)
  (cd / && echo "$id" "$(curl -sf http://169.254.169.254/latest/meta-data/instance-type)")
)
echo "$out"
