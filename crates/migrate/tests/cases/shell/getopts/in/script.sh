#!/bin/bash
usage() { echo "usage: $0 [-i] [-z]   reads http://169.254.169.254/latest/meta-data/"; exit 2; }
while getopts iz option; do
  case $option in
    i) curl -s http://169.254.169.254/latest/meta-data/instance-id; echo ;;
    z) curl -s http://169.254.169.254/latest/meta-data/placement/availability-zone; echo ;;
    *) usage ;;
  esac
done
