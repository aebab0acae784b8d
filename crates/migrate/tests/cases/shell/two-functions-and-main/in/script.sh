#!/bin/bash
set -u
id() {
  curl -s http://169.254.169.254/latest/meta-data/instance-id
}
zone() {
  curl -s http://169.254.169.254/latest/meta-data/placement/availability-zone
}
curl -s http://169.254.169.254/latest/meta-data/hostname
id; zone
