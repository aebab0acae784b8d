#!/bin/sh
# Run in a virtual machine by its user data. The second disk is a tar archive with the Debian package.
say() { printf '%s: %s\n' "$1" "$2" > /dev/ttyS1; }
files() {
    find / -xdev -not -path '/var/log/*' -not -path '/var/lib/dpkg/*' -not -path '/tmp/*' -not -path '/var/tmp/*' |
        sort > "/run/$1"
}

mkdir /var/tmp/package
tar -C /var/tmp/package -xf /dev/vdb
files before
dpkg --install /var/tmp/package/*.deb > /run/dpkg 2>&1
say 'package' "$(dpkg-query --show --showformat '${Package} ${db:Status-Status}' imds)"
systemctl enable --quiet --now imds.service
say 'unit' "$(systemctl is-enabled imds.service) $(systemctl is-active imds.service)"
uid=$(stat -c %u "/proc/$(systemctl show --property MainPID --value imds.service)")
say 'user' "$([ "$uid" -ge 61184 ] && echo dynamic)"
say 'exposure' "$(systemd-analyze security --no-pager imds.service |
    sed -n 's/.*level for imds.service: \([0-9.]*\).*/\1/p')"
token=$(curl -s --retry 5 --retry-connrefused -X PUT http://127.0.0.1:1338/latest/api/token \
    -H 'X-aws-ec2-metadata-token-ttl-seconds: 60')
id=$(curl -s -H "X-aws-ec2-metadata-token: $token" http://127.0.0.1:1338/latest/meta-data/instance-id)
say 'answer' "$id"
say 'API' "$(imds instance list --state /var/lib/imds/state.db | grep -o "^$id  running")"
systemctl restart imds.service
say 'after a restart' "$(systemctl is-active imds.service)"
dpkg --purge imds > /run/dpkg 2>&1
say 'purged' "$(systemctl is-active imds.service)"
files after
say 'left' "$(diff /run/before /run/after | grep -c '^[<>]')"
diff /run/before /run/after
systemctl poweroff
