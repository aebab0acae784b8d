#!/bin/sh
ID=`curl -s http://169.254.169.254/latest/meta-data/instance-id`
HOST=`curl -s http://169.254.169.254/latest/meta-data/local-hostname | cut -d. -f1`
echo "$ID $HOST"
