#!/bin/sh
echo instance-id | xargs -I{} curl -s http://169.254.169.254/latest/meta-data/{}
