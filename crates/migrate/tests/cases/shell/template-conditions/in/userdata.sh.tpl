#!/bin/bash
%{ if named }
ID=$(curl -s http://169.254.169.254/latest/meta-data/instance-id)
TYPE=$(curl -s http://169.254.169.254/latest/meta-data/instance-type)
%{ endif }
ZONE=$(curl -s http://169.254.169.254/latest/meta-data/placement/availability-zone)
echo "$ZONE"
