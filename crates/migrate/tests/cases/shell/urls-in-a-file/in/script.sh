#!/bin/bash
echo http://169.254.169.254/latest/meta-data/hostname > list
wget -qi list
curl -s -K - <<< 'url = "http://169.254.169.254/latest/meta-data/mac"'
