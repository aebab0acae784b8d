#!/bin/bash
yum install -y jq \
  && REGION=$(curl -s http://169.254.169.254/latest/dynamic/instance-identity/document | jq -r .region) \
  && echo "$REGION"
