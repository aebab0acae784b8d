#!/bin/bash
case $1 in
  inside)  curl -s http://169.254.169.254/latest/meta-data/local-ipv4 ;;
  outside) curl -s http://169.254.169.254/latest/meta-data/public-ipv4 ;;
  *)       echo "$1" ;;
esac
if [ -z "$X" ]; then X=$(curl -s http://169.254.169.254/latest/meta-data/instance-id); fi
if [ -z "$Y" ]; then
  Y=$(curl -s http://169.254.169.254/latest/meta-data/instance-type)
fi
Z=${Z:-$(curl -s http://169.254.169.254/latest/meta-data/ami-id)}
cat cache 2>/dev/null || curl -s http://169.254.169.254/latest/meta-data/mac
echo "$X $Y $Z"
for key in $KEYS; do curl -s http://169.254.169.254/latest/meta-data/$key; done
