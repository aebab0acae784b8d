#!/bin/bash
ROLE_CREDS=$(curl -s http://169.254.169.254/latest/meta-data/iam/security-credentials/$(curl -s http://169.254.169.254/latest/meta-data/iam/security-credentials/))
echo "$ROLE_CREDS" | jq -r .AccessKeyId
