#!/bin/bash
METADATA="http://169.254.169.254/latest/meta-data"
id=$(curl -s $METADATA/instance-id)
type=$(curl -s ${METADATA}/instance-type)
echo "$id $type"
