#!/bin/bash
curl -g -s "http://[fd00:ec2::254]/latest/meta-data/instance-id"
