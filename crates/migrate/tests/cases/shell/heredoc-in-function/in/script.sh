#!/bin/bash
set -eu
write() {
	cat <<-EOF > /etc/motd
		id: $(curl -s http://169.254.169.254/latest/meta-data/instance-id)
		ip: `curl -s http://169.254.169.254/latest/meta-data/local-ipv4`
		cost: \$5 \`not run\`
	EOF
}
write
