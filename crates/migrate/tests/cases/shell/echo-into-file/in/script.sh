#!/bin/bash
echo 'curl -s http://169.254.169.254/latest/meta-data/instance-id > /etc/id' >> /etc/rc.local
echo "@reboot root curl -s http://169.254.169.254/latest/meta-data/ami-id" > /etc/cron.d/ami
