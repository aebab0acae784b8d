#!/bin/sh
{
	echo "# facts"
	printf 'ID='; curl -s http://169.254.169.254/latest/meta-data/instance-id; echo
	printf 'TYPE='; curl -s http://169.254.169.254/latest/meta-data/instance-type; echo
} > /etc/facts 2>/dev/null
. /etc/facts
echo "$ID $TYPE"
