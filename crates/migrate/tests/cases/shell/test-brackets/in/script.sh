#!/bin/bash
if [ "$(curl -s http://169.254.169.254/latest/meta-data/instance-type)" = "t2.micro" ]; then echo small; fi
[[ $(curl -s http://169.254.169.254/latest/meta-data/placement/region) == eu-* ]] && echo europe
