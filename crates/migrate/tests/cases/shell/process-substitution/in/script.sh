#!/bin/bash
while read -r key; do
  echo "$key"
done < <(curl -s http://169.254.169.254/latest/meta-data/tags/instance/)
