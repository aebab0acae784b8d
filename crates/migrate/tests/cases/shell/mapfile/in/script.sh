#!/bin/bash
mapfile -t macs < <(curl -s http://169.254.169.254/latest/meta-data/network/interfaces/macs/)
printf 'mac: %s\n' "${macs[@]%/}"
read -r zone < <(curl -s http://169.254.169.254/latest/meta-data/placement/availability-zone; echo)
echo "${zone%?}"
