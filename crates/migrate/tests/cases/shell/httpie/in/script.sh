#!/bin/bash
http -b GET http://169.254.169.254/latest/meta-data/instance-id
https --ignore-stdin http://169.254.169.254/latest/meta-data/mac "X-aws-ec2-metadata-token:$TOKEN"
