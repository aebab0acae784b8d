#!/bin/bash
cat <<'EOF' > /usr/local/bin/whoami-ec2
#!/bin/bash
set -e
curl -s http://169.254.169.254/latest/meta-data/instance-id
EOF
chmod +x /usr/local/bin/whoami-ec2
