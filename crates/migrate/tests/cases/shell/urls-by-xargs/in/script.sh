#!/bin/sh
echo http://169.254.169.254/latest/meta-data/instance-id | xargs curl -s
xargs -n1 wget -qO- <<END
http://169.254.169.254/latest/meta-data/ami-id
http://169.254.169.254/latest/meta-data/mac
END
