#!/bin/bash
while sleep 5; do
  HTTP_CODE=$(curl -w '%{http_code}' -s -o /dev/null http://169.254.169.254/latest/meta-data/spot/termination-time)
  if [[ "$HTTP_CODE" -eq 200 ]]; then
    touch /run/draining
  fi
done
