#!/bin/bash
echo HOST > host.txt
sed -i "s/HOST/$(curl -s http://169.254.169.254/latest/meta-data/local-hostname)/" host.txt
echo 'export ID=`curl -s http://169.254.169.254/latest/meta-data/instance-id`' >> profile
export PS1="[$(curl -s http://169.254.169.254/latest/meta-data/instance-id)] "
echo "$PS1"
cat host.txt
. ./profile
echo "$ID"
rm profile
