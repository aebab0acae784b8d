#!/bin/bash
GET="curl -s http://169.254.169.254/latest/meta-data"
ID=$($GET/instance-id)
echo "$ID"
