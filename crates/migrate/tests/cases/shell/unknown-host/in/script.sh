#!/bin/sh
# The host comes from outside, the path is EC2's.
curl -s "http://$1/latest/meta-data/instance-id"
