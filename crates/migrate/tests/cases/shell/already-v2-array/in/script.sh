#!/bin/bash
T=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 60" http://169.254.169.254/latest/api/token)
auth=(-H "X-aws-ec2-metadata-token: $T")
curl -sf "${auth[@]}" http://169.254.169.254/latest/meta-data/instance-id
