#!/bin/bash
fetch() { curl -s "http://169.254.169.254/$1"; }
case $CLOUD in
  azure) fetch "metadata/instance?api-version=2021-02-01" ;;
  *) fetch latest/meta-data/instance-id ;;
esac
