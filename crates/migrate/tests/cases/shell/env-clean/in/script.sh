#!/bin/sh
env -i PATH="$PATH" curl -s http://169.254.169.254/latest/meta-data/instance-id
echo
nice -n 5 curl -s http://169.254.169.254/latest/meta-data/ami-launch-index
echo
