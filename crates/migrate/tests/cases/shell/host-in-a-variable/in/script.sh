#!/bin/bash
HOST=${HOST:-169.254.169.254}
curl -s http://$HOST/latest/meta-data/instance-id
for path in ami-id mac; do
  curl -s "http://${HOST}/latest/meta-data/$path"
done
meta() { curl -s "http://$HOST/latest/meta-data/$1"; }
meta hostname
