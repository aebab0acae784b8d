#!/bin/bash
case "$(curl -s http://169.254.169.254/latest/meta-data/instance-type)" in t*) echo small ;; esac
[[ $(curl -s http://169.254.169.254/latest/meta-data/instance-id) =~ ^i- ]] && echo instance
(( $(curl -s http://169.254.169.254/latest/meta-data/ami-launch-index) == 0 )) && echo first
all=( $(curl -s http://169.254.169.254/latest/meta-data/placement/) )
echo "${#all[@]}"
printf -v zone '%s' "$(curl -s http://169.254.169.254/latest/meta-data/placement/availability-zone)"
echo "$zone"
! curl -sf http://169.254.169.254/latest/meta-data/instance-id > /dev/null || echo answered
