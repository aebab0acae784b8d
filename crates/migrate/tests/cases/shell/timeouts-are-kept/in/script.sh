#!/bin/bash
curl --connect-timeout 2 -m 5 --retry 3 --retry-delay 1 -sf http://169.254.169.254/latest/meta-data/instance-id
