#!/bin/sh
sudo bash -c "curl -s http://169.254.169.254/latest/meta-data/instance-id > /etc/id"
sh -c "ID=\$(curl -s http://169.254.169.254/latest/meta-data/instance-id); echo \"\$ID\""
