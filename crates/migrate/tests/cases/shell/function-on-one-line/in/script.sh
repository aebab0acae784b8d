#!/bin/sh
meta() { curl -sf "http://169.254.169.254/latest/meta-data/$1"; }
ID=$(meta instance-id)
echo "$ID"
