#!/bin/bash
bash -c "bash -c 'echo \"id: \$(curl -s http://169.254.169.254/latest/meta-data/instance-id)\"'"
echo "zone \"$(curl -s "http://169.254.169.254/latest/meta-data/placement/availability-zone" | tr -d '"')\""
