#!/bin/bash
http http://169.254.169.254/latest/meta-data/instance-id
GET http://169.254.169.254/latest/meta-data/local-ipv4
lynx -source http://169.254.169.254/latest/meta-data/local-ipv4
fetch -qo - http://169.254.169.254/latest/meta-data/local-ipv4
aria2c http://169.254.169.254/latest/user-data
kubectl exec pod -- curl -s http://169.254.169.254/latest/meta-data/instance-id
parallel curl -s http://169.254.169.254/latest/meta-data/{} ::: ami-id mac
watch -n5 curl -s http://169.254.169.254/latest/meta-data/spot/instance-action
