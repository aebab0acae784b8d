#!/bin/bash
curl -s http://169.254.169.254/latest/meta-data/instance-id --output out/id --create-dirs
curl -sO http://169.254.169.254/latest/meta-data/instance-type
curl -s --url http://169.254.169.254/latest/meta-data/placement/region
curl -X GET -s http://169.254.169.254/latest/meta-data/instance-id
curl -s -x '' http://169.254.169.254/latest/meta-data/instance-id
curl -s "http://169.254.169.254/latest/meta-data/{instance-id,instance-type}"
/usr/bin/curl -4s http://169.254.169.254/latest/meta-data/instance-id
curl -so- http://169.254.169.254/latest/meta-data/instance-id
wget --timeout=2 --tries=1 -O - -q 'http://169.254.169.254/latest/meta-data/instance-id' 2>/dev/null
cat out/id instance-type
