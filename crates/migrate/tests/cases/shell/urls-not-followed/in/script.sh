#!/bin/bash
declare -A name=([http://169.254.169.254/latest/meta-data/instance-id]=id)
for url in "${!name[@]}"; do curl -s "$url"; done
options() {
  while getopts u: option; do
    case $option in u) from=$OPTARG ;; esac
  done
  curl -s "$from"
}
options -u http://169.254.169.254/latest/meta-data/mac
hosts=(http://169.254.169.254/latest/meta-data/ami-id "$1")
curl -s "${hosts[0]}"
