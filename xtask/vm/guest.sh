# Run in a virtual machine by its user data. What is seen goes to the second serial port, a line each.
metadata=http://169.254.169.254/latest/
say() { printf '%s: %s\n' "$1" "$2" > /dev/ttyS1; }
# Where this says so: in a container.
place=
ask() { $place curl --silent --max-time 2 "$@"; }
token() { ask -X PUT "${metadata}api/token" -H 'X-aws-ec2-metadata-token-ttl-seconds: 60'; }
token_length() { token | wc -c; }
status() { ask --output /dev/null --write-out '%{http_code}' "${metadata}meta-data/instance-id"; }
get() { ask -H "X-aws-ec2-metadata-token: $(token)" "${metadata}meta-data/$1"; }

say 'runs user data after' "$(cut -d . -f 1 /proc/uptime) s"
say 'data source' "$(cloud-init query --format '{{cloud_name}} {{platform}} {{v1.subplatform}}')"
say 'instance' "$(cloud-init query instance_id)"
say 'host name' "$(hostname)"
say 'users' "$(id -un debian shop | tr '\n' ' ')"
say 'SSH key' "$(cut -d ' ' -f 2 ~debian/.ssh/authorized_keys)"
say 'network' "$(sed -n 's/.*macaddress: *//p' /etc/netplan/50-cloud-init.yaml | tr -d '\"')"
say 'address' "$(ip -4 -oneline address show scope global | sed 's/.* inet \([^ ]*\).*/\1/')"
say 'without a token' "$(status)"
say 'with a token' "$(get instance-id)"

# One router further.
ip netns add container
ip link add container type veth peer name eth0 netns container
ip address add 172.17.0.1/24 dev container
ip link set container up
ip -n container address add 172.17.0.2/24 dev eth0
ip -n container link set eth0 up
ip -n container route add default via 172.17.0.1
sysctl -qw net.ipv4.ip_forward=1
iptables -t nat -A POSTROUTING -s 172.17.0.0/24 -j MASQUERADE
place='ip netns exec container'
say 'container without a token' "$(status)"
say 'container at hop limit 1' "$(token_length)"
until [ "$(token_length)" -gt 0 ]; do :; done
say 'container at hop limit 2' "$(token_length)"
place=

# With the neighbour's Ethernet address and its own IP address, and no other. Who manages the network would ask for one.
device=$(ip -oneline route get 169.254.169.254 | sed 's/.* dev \([^ ]*\).*/\1/')
mac=$(get tags/instance/neighbour-mac)
address=$(get tags/instance/neighbour-address)
systemctl stop systemd-networkd.socket systemd-networkd.service
ip address flush dev "$device"
ip link set "$device" address "$mac" up
ip address add "$address/32" dev "$device"
ip route add 169.254.169.254 dev "$device"
say 'as its neighbour' "$(get instance-id)"
systemctl poweroff
