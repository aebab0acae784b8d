#!/bin/bash
M=http://169.254.169.254/latest/meta-data
curl() {
  command curl "$@" $MIRROR
}
wget() { /usr/bin/wget "$@" 2> /dev/null; }
curl -s $M/instance-id
wget -qO- $M/ami-id
command curl -s $M/mac
