#!/bin/bash
cat > /etc/app.conf <<EOF
id = $(curl -s http://169.254.169.254/latest/meta-data/instance-id)
zone = `curl -s http://169.254.169.254/latest/meta-data/placement/availability-zone`
EOF
