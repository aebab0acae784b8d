#!/bin/sh
printf '%s\n' instance-id instance-type | xargs -I{} curl -s http://169.254.169.254/latest/meta-data/{}
echo
