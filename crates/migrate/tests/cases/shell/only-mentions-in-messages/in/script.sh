#!/bin/bash
die() { echo "$*" >&2; exit 1; }
MESSAGE="curl http://169.254.169.254/latest/meta-data/ by hand"
echo "curl http://169.254.169.254/latest/meta-data/" >&2
echo "$MESSAGE"
warn "curl http://169.254.169.254/latest/meta-data/ failed"
die "curl http://169.254.169.254/latest/meta-data/ failed"
