#!/bin/bash
REGION=$(curl --silent --url http://169.254.169.254/latest/dynamic/instance-identity/document | jq -r .region)
ACCOUNT="$(curl -s "http://169.254.169.254/latest/dynamic/instance-identity/document" | grep -oP '(?<="accountId" : ")[^"]*')"
echo "$ACCOUNT in ${REGION}"
