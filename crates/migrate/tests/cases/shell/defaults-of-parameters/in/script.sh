#!/bin/bash
get() {
  local url=${1:-http://169.254.169.254/latest/meta-data/instance-id}
  curl -s "$url" $2
}
get
get http://169.254.169.254/latest/meta-data/ami-id
