#!/bin/bash
function curl {
  wget -qO- http://169.254.169.254/latest/meta-data/instance-id
}
curl
