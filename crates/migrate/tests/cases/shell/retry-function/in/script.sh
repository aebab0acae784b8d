#!/bin/bash
retry() {
  local n
  for n in 1 2 3; do "$@" && return 0; sleep "$n"; done
  return 1
}
retry curl -sf http://169.254.169.254/latest/meta-data/instance-id
