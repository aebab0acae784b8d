#!/bin/bash
export INSTANCE_ID=$(curl -s http://169.254.169.254/latest/meta-data/instance-id)
f() {
  local az=$(curl -s http://169.254.169.254/latest/meta-data/placement/availability-zone)
  readonly ZONE="${az}"
}
f
