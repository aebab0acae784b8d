#!/usr/bin/env bash
set -o errexit -o nounset -o pipefail

readonly METADATA="http://169.254.169.254/latest/meta-data"

metadata() {
  local path="${1:?path}"
  local value
  IMDS_TOKEN=$(curl -sf -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
  if ! value=$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" --fail --silent --show-error "${METADATA}/${path#/}"); then
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
