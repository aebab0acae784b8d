#!/bin/bash
while true; do
    if curl -s http://169.254.169.254/latest/meta-data/spot/instance-action | grep -q terminate; then
        systemctl stop app
    fi
    sleep 5
done
