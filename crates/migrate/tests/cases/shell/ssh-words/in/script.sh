#!/bin/bash
ssh ec2-user@$HOST curl -s http://169.254.169.254/latest/meta-data/instance-id
