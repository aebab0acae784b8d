#!/bin/bash
EC2_ID="$(curl -s http://169.254.169.254/latest/meta-data/instance-id)" ./configure --quiet
