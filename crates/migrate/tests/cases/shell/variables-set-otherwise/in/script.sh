#!/bin/bash
M=http://169.254.169.254/latest/meta-data
a=$M/instance-id
read -r a < first
curl -s "$a"

b=$M/instance-type
printf -v b %s "$1"
curl -s "$b"

c=($M/ami-id)
mapfile -t c < list
curl -s "${c[@]}"

d=$M/mac
declare -n other=d
other=$2
curl -s "$d"

e=$M/hostname
eval "e=$3"
curl -s "$e"

f[0]=$M/local-ipv4
f[1]=$4
curl -s "${f[$5]}"

IFS=,
g="$M/local-hostname,$6"
for url in $g; do curl -s "$url"; done
curl -s $g
