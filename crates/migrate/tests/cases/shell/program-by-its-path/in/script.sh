#!/bin/bash
CURL=$(command -v curl)
SUDO=
[ -z "$AS_ROOT" ] || SUDO="sudo"
WGET=$(which wget)
$CURL -s http://169.254.169.254/latest/meta-data/instance-id
$SUDO curl -s http://169.254.169.254/latest/meta-data/ami-id
"$WGET" -qO- http://169.254.169.254/latest/meta-data/mac
