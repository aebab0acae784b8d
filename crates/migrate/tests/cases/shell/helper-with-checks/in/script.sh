#!/usr/bin/env bash
set -o errexit -o nounset -o pipefail

readonly METADATA="http://169.254.169.254/latest/meta-data"

metadata() {
  local path="${1:?path}"
  local value
  if ! value=$(curl --fail --silent --show-error "${METADATA}/${path#/}"); then
    echo "no ${path}" >&2
    return 1
  fi
  printf '%s' "$value"
}

main() {
  local id zone
  id=$(metadata /instance-id)
  zone="$(metadata placement/availability-zone)"
  echo "${id} ${zone%[a-z]}"
  metadata spot/instance-action 2>/dev/null || echo "no notice"
}

main "$@"
