#!/bin/bash
C='curl -s http://169.254.169.254/latest/meta-data/instance-id'
timeout 5 $C
