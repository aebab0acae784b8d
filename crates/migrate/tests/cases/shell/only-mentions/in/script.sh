#!/bin/bash
# curl http://169.254.169.254/latest/meta-data/instance-id
export NO_PROXY=169.254.169.254,localhost
iptables -A OUTPUT -m owner ! --uid-owner root -d 169.254.169.254 -j DROP
ip route add 169.254.169.254/32 via 10.0.0.1
echo "see http://169.254.169.254/latest/meta-data/"
grep -q 169.254.169.254 /etc/hosts
ping -c 1 169.254.169.254
nc -z 169.254.169.254 80
