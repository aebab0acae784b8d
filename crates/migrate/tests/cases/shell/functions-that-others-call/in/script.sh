#!/bin/bash
M=http://169.254.169.254/latest/meta-data
by_name() { curl -s "$1"; }
by_name $M/instance-id
run=by_name
$run "$1"

by_trap() { curl -s "$1"; }
by_trap $M/ami-id
trap 'by_trap "$2"' EXIT

escaped() { curl -s "$1"; }
escaped $M/mac
\escaped "$3"

exported() { curl -s "$1"; }
export -f exported
exported $M/hostname
bash -c "exported $4"
echo "$4" | xargs -I{} bash -c 'exported {}'

unseen() { curl -s "$1"; }
unseen $M/instance-type
with_mirror() { "$@" "$MIRROR"; }
with_mirror unseen

listed() { curl -s "$1"; }
listed $M/local-ipv4
listed "$(cat list)"

split() { curl -s "$2"; }
split $5 $M/local-hostname
split -s $M/local-hostname

evaluated() { curl -s "$1"; }
evaluated $M/security-groups
eval "evaluated $6"

background() { curl -s "$1"; }
coproc background $M/public-ipv4
wait
background "$7"
