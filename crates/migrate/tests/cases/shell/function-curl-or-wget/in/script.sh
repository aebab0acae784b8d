#!/bin/bash
function fetch {
  command -v curl >/dev/null && curl -fs "$1" || wget -qO- "$1"
}
ip=$(fetch http://169.254.169.254/latest/meta-data/local-ipv4)
echo "ip-${ip//./-}"
