#!/bin/bash
DATA=$(cat <<EOF
yum install -y jq
ID=\$(curl -s http://169.254.169.254/latest/meta-data/instance-id)
EOF
)
aws ec2 run-instances --user-data "$DATA"
read -r -d '' SCRIPT <<'EOF'
curl -s http://169.254.169.254/latest/meta-data/ami-id
EOF
for command in "curl -s http://169.254.169.254/latest/meta-data/mac" uptime; do
  remote "$command"
done
export IMDS=http://169.254.169.254
node -e 'fetch(process.env.IMDS + "/latest/meta-data/security-groups")'
ruby <<'EOF'
require 'net/http'
puts Net::HTTP.get(URI('http://169.254.169.254/latest/meta-data/hostname'))
EOF
