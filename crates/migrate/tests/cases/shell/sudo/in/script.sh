#!/bin/sh
sudo curl -s -o /etc/id http://169.254.169.254/latest/meta-data/instance-id
sudo -u app /usr/bin/curl -s http://169.254.169.254/latest/meta-data/ami-id
