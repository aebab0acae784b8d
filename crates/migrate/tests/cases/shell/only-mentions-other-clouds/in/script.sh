#!/bin/bash
curl -s http://169.254.169.254/metadata/v1/id
curl -s http://169.254.169.254/hetzner/v1/metadata/instance-id
curl -s -H Metadata:true "http://169.254.169.254/metadata/instance?api-version=2021-02-01"
curl -s http://169.254.169.254/v1/instance-v2-id
curl -s http://100.100.100.200/latest/meta-data/instance-id
curl -s 169.254.170.2$AWS_CONTAINER_CREDENTIALS_RELATIVE_URI
curl -H "Metadata-Flavor: Google" http://metadata.google.internal/computeMetadata/v1/instance/id
grep -r 169.254.169.254/latest/meta-data /etc
[ "$url" = http://169.254.169.254/latest/meta-data/ ] && exit 1
iptables -A OUTPUT -d 169.254.169.254 -m owner ! --uid-owner root -j DROP
nc -zw1 169.254.169.254 80
