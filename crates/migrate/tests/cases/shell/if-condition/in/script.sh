#!/bin/bash
if curl -sf --max-time 1 http://169.254.169.254/latest/meta-data/ >/dev/null; then
    echo "on EC2"
elif [ -e /etc/other ]; then
    echo other
fi
