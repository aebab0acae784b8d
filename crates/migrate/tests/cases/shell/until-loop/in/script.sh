#!/bin/sh
n=0
until curl -sf -o /dev/null http://169.254.169.254/latest/meta-data/ || [ $n -ge 2 ]; do
  n=$((n + 1))
  sleep 1
done
echo "after $n: $(curl -s http://169.254.169.254/latest/meta-data/instance-id)"
