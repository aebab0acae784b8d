#!/bin/bash
cat <<EOF
Usage: run this on the instance:
  curl http://169.254.169.254/latest/meta-data/instance-id
EOF
