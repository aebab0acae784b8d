#!/bin/sh
if [ "$1" = private ]; then
  ip=$(curl -s http://169.254.169.254/latest/meta-data/local-ipv4)
else
  ip=$(curl -s http://169.254.169.254/latest/meta-data/public-ipv4)
fi
echo "$ip"
