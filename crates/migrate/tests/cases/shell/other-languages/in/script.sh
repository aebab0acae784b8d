#!/bin/bash
curl_cmd=(curl --silent --fail)
perl -MLWP::Simple -e 'getprint "http://169.254.169.254/latest/meta-data/instance-id"'
ruby -ropen-uri -e 'puts open("http://169.254.169.254/latest/meta-data/instance-id").read'
node -e "fetch('http://169.254.169.254/latest/meta-data/instance-id').then(r => r.text()).then(console.log)"
php -r 'echo file_get_contents("http://169.254.169.254/latest/meta-data/instance-id");'
