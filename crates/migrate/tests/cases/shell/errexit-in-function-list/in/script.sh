#!/usr/bin/env bash
set -Eeuo pipefail
main() {
  local id az
  id="$(curl -fsSL --retry 5 http://169.254.169.254/latest/meta-data/instance-id)"
  az="$(curl -fsSL --retry 5 http://169.254.169.254/latest/meta-data/placement/availability-zone)"
  printf '%s %s\n' "$id" "${az:0:-1}"
}
main "$@"
