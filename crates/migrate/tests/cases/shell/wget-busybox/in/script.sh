#!/bin/busybox sh
wget -qO- http://169.254.169.254/latest/meta-data/instance-id
