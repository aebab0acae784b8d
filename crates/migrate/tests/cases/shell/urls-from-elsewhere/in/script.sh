#!/bin/bash
M=http://169.254.169.254/latest/meta-data/instance-id
curl -s "$M" "$1"
curl -s "$M" --next -s --url "$1"
curl -s "$M" --url="$1"
curl -s "$M" $(cat list)
curl -s -K list "$M"
wget -qi list -O- "$M"
cat list | xargs curl -s "$M"
CURL="curl -s $CURL_OPTIONS"
$CURL "$M"
