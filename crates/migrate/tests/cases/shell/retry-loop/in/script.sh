#!/bin/bash
for i in 1 2 3 4 5; do
  ID=$(curl -s http://169.254.169.254/latest/meta-data/instance-id)
  [ -n "$ID" ] && break
  sleep $i
done
