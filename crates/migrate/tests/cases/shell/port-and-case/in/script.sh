#!/bin/sh
curl -s HTTP://169.254.169.254:80/latest/meta-data/instance-id; echo
curl -s 'http://169.254.169.254:80/latest/user-data'
