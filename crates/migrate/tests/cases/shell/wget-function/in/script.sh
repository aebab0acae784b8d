#!/bin/sh
meta() {
  wget -t 2 -T 5 -q -O - "http://169.254.169.254/latest/meta-data/$1"
}
meta instance-id
