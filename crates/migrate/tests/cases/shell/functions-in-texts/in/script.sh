#!/bin/bash
echo "wget() is not used" >&2
wget -qO- http://169.254.169.254/latest/meta-data/instance-id
curl -s http://169.254.169.254/latest/meta-data/ami-id
source <(cat << 'END'
curl() { command curl $MIRROR "$@"; }
END
)
eval 'curl -s http://169.254.169.254/latest/meta-data/mac'
C=/usr/bin/curl
$C -s http://169.254.169.254/latest/meta-data/hostname
/usr/bin/curl -s http://169.254.169.254/latest/meta-data/local-ipv4
