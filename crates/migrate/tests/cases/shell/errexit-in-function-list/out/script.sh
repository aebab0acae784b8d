#!/usr/bin/env bash
set -Eeuo pipefail
main() {
  local id az
  IMDS_TOKEN=$(curl -sf --retry 5 -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 21600" "http://169.254.169.254/latest/api/token") || true
  id="$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -fsSL --retry 5 http://169.254.169.254/latest/meta-data/instance-id)"
  az="$(curl -H "X-aws-ec2-metadata-token: $IMDS_TOKEN" -fsSL --retry 5 http://169.254.169.254/latest/meta-data/placement/availability-zone)"
  printf '%s %s\n' "$id" "${az:0:-1}"
}
main "$@"
