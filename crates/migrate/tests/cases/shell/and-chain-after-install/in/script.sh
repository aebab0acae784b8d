#!/bin/sh
apt-get update && apt-get install -y curl && curl -s http://169.254.169.254/latest/meta-data/instance-id > /etc/id && echo ok
