#!/bin/bash
wget -q http://169.254.169.254/latest/meta-data/instance-id -O id.txt
\curl -sSf http://169.254.169.254/latest/meta-data/instance-type
echo
\curl -s http://169.254.169.254/latest/meta-data/placement/region | tr a-z A-Z
cat id.txt
