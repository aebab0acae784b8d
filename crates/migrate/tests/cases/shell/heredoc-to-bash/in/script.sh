#!/bin/bash
sudo -u app bash <<'EOF'
cd ~
curl -s http://169.254.169.254/latest/meta-data/instance-id > id
EOF
