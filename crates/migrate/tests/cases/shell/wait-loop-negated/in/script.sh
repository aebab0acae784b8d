#!/bin/sh
while ! curl -s --connect-timeout 1 http://169.254.169.254/latest/meta-data/ > /dev/null; do sleep 2; done
