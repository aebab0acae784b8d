#!/bin/bash
AZ=$(curl -s "http://169.254.169.254/latest/meta-data/placement/availability-zone")
echo "${AZ%?}"
