#!/bin/bash
function metadata {
  local path="$1"
  curl --silent "http://169.254.169.254/latest/meta-data/${path}"
}
metadata instance-id
