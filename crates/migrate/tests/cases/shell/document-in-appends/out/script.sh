#!/bin/bash
IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
ip=$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -s http://169.254.169.254/latest/meta-data/local-ipv4)
doc="{"
doc="${doc}id: ${n},"
doc="${doc}host: ${ip}:${port},"
doc="${doc}prio: ${prio},"
doc="${doc}name: ${ip}"
doc="${doc}host: ${ip}:${port},"
doc="${doc}prio: ${prio},"
doc="${doc}name: ${ip}"
doc="${doc}}"
echo "init(${doc}, ${doc})"
