#!/bin/sh
echo url=http://169.254.169.254/latest/meta-data/instance-id > request
curl -s -K request
curl --config request
