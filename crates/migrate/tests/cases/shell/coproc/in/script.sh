#!/bin/bash
coproc curl -s http://169.254.169.254/latest/meta-data/instance-id
read -r id <&"${COPROC[0]}"
echo "$id"
