#!/bin/bash
shopt -s expand_aliases
alias myid='curl -s http://169.254.169.254/latest/meta-data/instance-id'
myid
echo
