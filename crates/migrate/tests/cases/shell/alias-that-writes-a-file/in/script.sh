#!/bin/bash
shopt -s expand_aliases
alias curl='curl -s -o out'
curl http://169.254.169.254/latest/meta-data/instance-id
cat out
rm out
