#!/bin/bash
set -e
CLUSTER=${cluster_name}
ID=$(curl -s http://169.254.169.254/latest/meta-data/instance-id)
REGION=$${AZ%?}
%{ if debug ~}
set -x
%{ endif ~}
echo "$CLUSTER $ID"
