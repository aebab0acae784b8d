#!/bin/bash
M=http://169.254.169.254/latest/meta-data
third() { shift; curl -s "$1" "$2"; }
third - $M/instance-id "$1"

each() {
  while [ $# -gt 0 ]; do
    curl -s "$1"
    shift
  done
}
each $M/mac "$2"

for_each() { for url; do curl -s "$url"; done; }
for_each $M/local-ipv4 "$3"

replaced() { [ -z "$2" ] || set -- "$2"; curl -s "$1"; }
replaced $M/hostname
replaced $M/hostname "$4"

set -- $M/ami-id "$5"
curl -s "$1" "$2"
