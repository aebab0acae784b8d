#!/bin/bash
curl -s http://169.254.169.254/latest/meta-data/block-device-mapping/ | while read -r name; do
  dev=$(curl -s "http://169.254.169.254/latest/meta-data/block-device-mapping/$name")
  echo "$name=$dev"
done
