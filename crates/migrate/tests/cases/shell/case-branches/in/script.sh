#!/bin/bash
case "$1" in
  id) curl -s http://169.254.169.254/latest/meta-data/instance-id ;;
  type)
    curl -s http://169.254.169.254/latest/meta-data/instance-type
    ;;
  *) exit 1 ;;
esac
