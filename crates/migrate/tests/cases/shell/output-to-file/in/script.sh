#!/bin/bash
curl -s -o /etc/instance-id http://169.254.169.254/latest/meta-data/instance-id
curl -so /etc/ami-id http://169.254.169.254/latest/meta-data/ami-id
