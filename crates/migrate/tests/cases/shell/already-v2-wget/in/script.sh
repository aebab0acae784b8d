#!/bin/bash
T=$(wget -qO- --method PUT --header "X-aws-ec2-metadata-token-ttl-seconds: 60" http://169.254.169.254/latest/api/token)
wget -qO- --header "X-aws-ec2-metadata-token: $T" http://169.254.169.254/latest/meta-data/instance-id
