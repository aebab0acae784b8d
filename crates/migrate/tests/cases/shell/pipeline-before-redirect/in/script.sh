#!/bin/bash
curl -s http://169.254.169.254/latest/meta-data/ | sort | head -n 3
curl -s http://169.254.169.254/latest/meta-data/instance-id > id.txt && cat id.txt
echo
