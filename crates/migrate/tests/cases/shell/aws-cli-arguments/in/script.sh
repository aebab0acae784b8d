#!/bin/bash
aws ec2 create-tags --resources "$(curl -s http://169.254.169.254/latest/meta-data/instance-id)" --tags Key=Name,Value=web --region "$(curl -s http://169.254.169.254/latest/meta-data/placement/availability-zone | sed 's/[a-z]$//')"
