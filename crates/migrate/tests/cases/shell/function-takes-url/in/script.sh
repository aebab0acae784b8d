#!/bin/bash
fetch() {
  local url="$1"
  curl -sS --fail "$url"
}
fetch http://169.254.169.254/latest/meta-data/instance-id
fetch "http://169.254.169.254/latest/meta-data/ami-id"
