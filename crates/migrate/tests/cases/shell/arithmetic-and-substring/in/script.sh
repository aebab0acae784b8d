#!/bin/bash
N=$(( $(curl -s http://169.254.169.254/latest/meta-data/ami-launch-index) + 1 ))
IP=$(curl -s http://169.254.169.254/latest/meta-data/local-ipv4)
hostnamectl set-hostname "node-${N}-${IP//./-}"
