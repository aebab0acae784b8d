#!/bin/bash
ID=$(wget -qO- http://169.254.169.254/latest/meta-data/instance-id)
AZ=`wget -q -O - http://169.254.169.254/latest/meta-data/placement/availability-zone`
echo "$ID $AZ"
