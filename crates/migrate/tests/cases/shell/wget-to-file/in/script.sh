#!/bin/bash
wget -q -T 2 -t 1 http://169.254.169.254/latest/meta-data/instance-id -O /etc/id
wget --quiet --tries=3 --output-document=/etc/ami http://169.254.169.254/latest/meta-data/ami-id
