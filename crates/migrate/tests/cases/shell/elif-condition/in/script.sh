#!/bin/bash
if [ -e /etc/other ]; then
    echo other
elif curl -sf http://169.254.169.254/latest/meta-data/ >/dev/null; then
    echo "on EC2"
fi
