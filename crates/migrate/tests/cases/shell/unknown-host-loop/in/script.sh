#!/bin/bash
for url in http://169.254.169.254/latest/meta-data/instance-id http://169.254.169.254/latest/meta-data/ami-id; do
  curl -s "$url"
done
