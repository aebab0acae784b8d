#!/usr/bin/env bash
# Starts the service in the background, and tells later steps where it is.
set -euo pipefail

home=$(mktemp -d -p "${RUNNER_TEMP:-/tmp}")
# Flags, split at spaces.
read -ra options <<< "${OPTIONS:-}"
arguments=(--listen 127.0.0.1:0 --control 127.0.0.1:0 --state "$home/state.db" --ami "$AMI" --role "$ROLE")
if [ -n "${TOKENS:-}" ]; then
    arguments+=(--http-tokens "$TOKENS")
fi
nohup "${PROGRAM:-imds}" serve "${arguments[@]}" --ready-file "$home/ready.json" "${options[@]}" \
    > /dev/null 2> "$home/log" &
service=$!
until [ -e "$home/ready.json" ]; do
    if ! kill -0 "$service" 2> /dev/null; then
        cat "$home/log" >&2
        exit 1
    fi
    sleep 0.1
done
endpoint=$(sed -n 's/.*"metadata":\[{[^]]*"url":"\([^"]*\)".*/\1/p' "$home/ready.json")
echo "AWS_EC2_METADATA_SERVICE_ENDPOINT=$endpoint" >> "$GITHUB_ENV"
echo "endpoint=$endpoint" >> "$GITHUB_OUTPUT"
