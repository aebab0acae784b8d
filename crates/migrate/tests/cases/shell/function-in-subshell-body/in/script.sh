#!/bin/bash
info() (
  cd /tmp
  curl -s http://169.254.169.254/latest/meta-data/instance-id
)
info
