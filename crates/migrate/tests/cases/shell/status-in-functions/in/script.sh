#!/bin/bash
report() {
  echo "status $? of $(curl -s http://169.254.169.254/latest/meta-data/instance-id)"
}
tell() { echo "$1: $?"; }
( exit 4 )
report
( exit 5 )
tell "$(curl -s http://169.254.169.254/latest/meta-data/instance-type)"
( exit 6 )
if [ $? -eq 6 ]; then curl -s http://169.254.169.254/latest/meta-data/local-ipv4; fi
