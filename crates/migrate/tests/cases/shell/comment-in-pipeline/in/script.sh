#!/bin/bash
curl -s http://169.254.169.254/latest/meta-data/placement/availability-zone | # the zone
  sed 's/.$//' | # its region
  tr a-z A-Z
echo
