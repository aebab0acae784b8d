#!/bin/bash
code=$(curl -s -o /dev/null -w '%{http_code}' http://169.254.169.254/latest/meta-data/iam/info)
if [ "$code" = 200 ]; then echo "has a role"; fi
