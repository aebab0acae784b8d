#!/bin/bash
C='curl -s http://169.254.169.254/latest/meta-data/instance-id'
eval "$C"
bash -c "$C"
