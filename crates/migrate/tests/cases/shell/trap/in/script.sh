#!/bin/bash
trap 'curl -s http://169.254.169.254/latest/meta-data/instance-id >> /var/log/exit' EXIT
