#!/bin/bash
HOST=169.254.169.254
ROOT="http://$HOST/latest"
META="$ROOT/meta-data"
DYN=${ROOT}/dynamic
curl -s "$META/ami-id"
curl -s "$DYN/instance-identity/document"
