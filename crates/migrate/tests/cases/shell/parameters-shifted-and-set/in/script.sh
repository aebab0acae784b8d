#!/bin/bash
M=http://169.254.169.254/latest/meta-data
second() { shift; curl -s "$1"; }
second first $M/instance-id

with_options() {
  local tries=$1
  shift
  curl -s --retry "$tries" "$@"
}
with_options 3 $M/ami-id

each() {
  while [ $# -gt 0 ]; do
    curl -s "$1"
    shift
  done
}
each $M/mac $M/hostname
for_each() { for url; do curl -s "$url"; done; }
for_each $M/local-ipv4 $M/local-hostname

options() {
  while [ $# -gt 0 ]; do
    case $1 in
      --url) url=$2; shift 2 ;;
      *) shift ;;
    esac
  done
  curl -s "$url"
}
options -v --url $M/instance-type

set -- $M/security-groups $M/reservation-id
curl -s "$1"
shift
curl -s "$1"
