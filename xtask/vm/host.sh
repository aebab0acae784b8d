# Plays a host of virtual machines, in network and mount namespaces that end with it. Given: the kernel, its initial
# file system and the disk of the guests; how QEMU runs them; the folders of the scripts and of what is seen; and the
# archive with a package, or nothing.
set -eu
kernel=$1 initial=$2 disk=$3 accelerator=$4 processor=$5 scripts=$6 seen=$7 package=$8
mount --make-rprivate /
mount -t tmpfs none /run
mkdir /run/home
export HOME=/run/home TMPDIR=/var/tmp
unset XDG_STATE_HOME XDG_RUNTIME_DIR
ip link set lo up

: > /run/banner
imds serve --state /run/state.db --access-log off >> /run/banner 2> "$seen/service" &
service=$!
tail --pid=$service -n +1 -f /run/banner | sed '/imds env/q' > /dev/null
eval "$(imds env --state /run/state.db)"

ssh-keygen -q -t ed25519 -N '' -C shop -f /run/key
aws ec2 import-key-pair --key-name shop --public-key-material fileb:///run/key.pub > /dev/null
cut -d ' ' -f 2 /run/key.pub > "$seen/key"
ami=$(aws ec2 describe-images --owners amazon --filters 'Name=name,Values=al2023-*' 'Name=architecture,Values=x86_64' \
    --query 'Images[0].ImageId' --output text)

launch() {
    aws ec2 run-instances --image-id "$ami" --instance-type t3.micro --key-name shop --user-data "file://$1" \
        --metadata-options HttpTokens=required,HttpPutResponseHopLimit=1,InstanceMetadataTags=enabled \
        --query 'Instances[].InstanceId' --output text
}
fact() {
    aws ec2 describe-instances --instance-ids "$1" --output text \
        --query "Reservations[].Instances[].NetworkInterfaces[].$2"
}

# Makes the TAP device of an instance's machine, and what the machine must have: $id, $tap, $mac and $uuid.
prepare() {
    id=$1 tap=$2
    mac=$(fact "$id" MacAddress)
    ip tuntap add "$tap" mode tap vnet_hdr
    ip address add 10.0.0.1/24 dev "$tap"
    ip link set "$tap" up
    dnsmasq --conf-file=/dev/null --user=root --port=0 --interface="$tap" --bind-interfaces --dhcp-ignore-clid \
        --dhcp-range=10.0.0.5,10.0.0.5 --leasefile-ro --pid-file="/run/$tap.pid" --log-facility="$seen/$tap.dhcp"
    imds link add "device=$tap,instance=$id"
    # As on EC2: it begins with ec2, and is the serial number as well.
    uuid=$(echo "ec2${id#i-}000000000000" | sed 's/\(.\{8\}\)\(.\{4\}\)\(.\{4\}\)\(.\{4\}\)/\1-\2-\3-\4-/')
    printf '%s %s %s\n' "$id" "$mac" "$(fact "$id" PrivateDnsName)" > "$seen/$tap.instance"
}

# Emulated guests are slow: systemd must not lose patience with them.
patience='systemd.default_timeout_start_sec=1200 systemd.default_device_timeout_sec=1200'
command_line="root=/dev/vda rw console=ttyS0 quiet $patience"

# Starts the machine of an instance behind a TAP device, and gives its process: $machine. Further arguments are QEMU's.
boot() {
    prepare "$1" "$2"
    shift 2
    timeout 1800 qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot \
        -machine q35 -accel "$accelerator" -cpu "$processor" -m 512 \
        -kernel "$kernel" -initrd "$initial" -append "$command_line" \
        -drive "file=$disk,if=virtio,format=raw,snapshot=on" \
        -netdev "tap,id=net0,ifname=$tap,script=no,downscript=no" -device "virtio-net,netdev=net0,mac=$mac" \
        -smbios "type=1,manufacturer=Amazon EC2,product=t3.micro,serial=$uuid,uuid=$uuid" -smbios "type=2,asset=$id" \
        -serial "file:$seen/$tap.console" -serial "file:$seen/$tap.seen" "$@" &
    machine=$!
}

. "$scripts/libvirt.sh"

{ cat "$scripts/user-data.yaml"; sed 's/^/      /' "$scripts/guest.sh"; } > /run/user-data
first=$(launch /run/user-data)
second=$(launch /run/user-data)
aws ec2 wait instance-running --instance-ids "$first" "$second"
# A tag tells each who its neighbour is.
introduce() {
    aws ec2 create-tags --resources "$1" --tags "Key=neighbour-mac,Value=$(fact "$2" MacAddress)" \
        "Key=neighbour-address,Value=$(fact "$2" PrivateIpAddress)"
}
introduce "$first" "$second"
introduce "$second" "$first"
boot "$first" tap0
first_machine=$machine
boot_by_libvirt "$second" tap1
second_machine=$machine
# Each has lost a token before its limit is raised.
raise() {
    tail --pid="$1" -n +1 -f "$seen/$2.seen" | sed '/hop limit 1/q' > /dev/null
    aws ec2 modify-instance-metadata-options --instance-id "$3" --http-put-response-hop-limit 2 > /dev/null
}
raise $first_machine tap0 "$first"
raise $second_machine tap1 "$second"
wait $first_machine
tail --pid="$second_machine" -f /dev/null

if [ -n "$package" ]; then
    third=$(launch "$scripts/package.sh")
    aws ec2 wait instance-running --instance-ids "$third"
    boot "$third" tap2 -drive "file=$package,if=virtio,format=raw,readonly=on"
    wait $machine
fi
imds link list
kill $service
wait $service
kill "$libvirt"
wait "$libvirt"
