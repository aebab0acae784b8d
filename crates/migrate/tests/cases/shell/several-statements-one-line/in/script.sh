#!/bin/sh
A=1; ID=$(curl -s http://169.254.169.254/latest/meta-data/instance-id); B=2; echo "$A$ID$B"
