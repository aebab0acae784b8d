#!/bin/sh
http --body http://169.254.169.254/latest/meta-data/instance-id
aria2c -q http://169.254.169.254/latest/meta-data/ami-id
