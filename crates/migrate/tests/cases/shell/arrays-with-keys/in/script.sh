#!/bin/bash
declare -A url=([id]=http://169.254.169.254/latest/meta-data/instance-id
  [mac]="http://169.254.169.254/latest/meta-data/mac")
curl -s "${url[id]}"
for key in "${!url[@]}"; do curl -s "${url[$key]}"; done | sort
for each in "${url[@]}"; do curl -s "$each"; done | sort
name=url_of_type
url_of_type=http://169.254.169.254/latest/meta-data/instance-type
curl -s "${!name}"
