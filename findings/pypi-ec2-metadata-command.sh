#!/usr/bin/env bash
# The Python package ec2-metadata has one command, and it is not ec2-metadata: it is `imds`.
#
# Versions: ec2-metadata 3.0.0 (PyPI), Python 3.11.
# Expected: a package called as a well-known command (Amazon Linux has /usr/bin/ec2-metadata) installs that command, or
#   none; earlier releases were a library alone.
# Seen: `pip install ec2-metadata` puts a program `imds` into the environment, first on the PATH of whoever activated
#   it. Scripts that call another program of this name then run this one; `ec2-metadata` is not there.
# Needs: python3 with venv, and PyPI.
set -euo pipefail
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
commands() { # of the package itself in version $1, without those of what it depends on
    python3 -m venv "$home/$1"
    "$home/$1/bin/pip" install --quiet --disable-pip-version-check "ec2-metadata==$1"
    "$home/$1/bin/python" -c 'from importlib.metadata import distribution
for entry in distribution("ec2-metadata").entry_points: print(entry.name)'
}
earlier=$(commands 2.14.0)
now=$(commands 3.0.0)
echo "2.14.0: ${earlier:-none}; 3.0.0: $now"
[ -z "$earlier" ] && [ "$now" = imds ] || { echo "this has changed" >&2; exit 1; }
