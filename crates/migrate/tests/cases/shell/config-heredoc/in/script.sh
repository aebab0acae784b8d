#!/bin/sh
AZ=`curl -s http://169.254.169.254/latest/meta-data/placement/availability-zone`
REGION="`echo \"$AZ\" | sed 's/[a-z]$//'`"
cat <<EOF > awscli.conf
[default]
region = $(curl -s 169.254.169.254/latest/meta-data/placement/availability-zone | sed 's/.$//')
other = $REGION
EOF
cat awscli.conf
