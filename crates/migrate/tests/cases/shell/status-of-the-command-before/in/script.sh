#!/bin/bash
( exit 4 )
echo signal -e $? --id $(curl -s http://169.254.169.254/latest/meta-data/instance-id)
( exit 5 )
rc=$? id=$(curl -s http://169.254.169.254/latest/meta-data/instance-id)
echo "$rc $id"
true | ( exit 6 ) | true
echo "${PIPESTATUS[1]} $(curl -s http://169.254.169.254/latest/meta-data/instance-id)"
echo a b
echo "$_ $(curl -s http://169.254.169.254/latest/meta-data/instance-id)"
