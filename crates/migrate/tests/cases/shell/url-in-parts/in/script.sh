#!/bin/bash
a=http://169.254.169.254/latest
a+=/meta-data
a+=/instance-id
curl -s "$a"

b=http://169.254.169.254
b+=/latest/meta-data
curl -s "$b/ami-id"

c=$(printf 'http://169.254.169.254/%s/%s\n' latest/meta-data mac)
curl -s "$c"
