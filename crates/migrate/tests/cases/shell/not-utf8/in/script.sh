#!/bin/bash
# région de la machine
NAME="über"
ID=$(curl -s http://169.254.169.254/latest/meta-data/instance-id)
echo "$NAME $ID" # ÿþ
