# libvirt on the host, without what Debian's package would set up: no network of its own, and no user for QEMU.

for directory in /etc /var/lib /var/log /var/cache; do
    mkdir -p /run/written$directory /run/work$directory
    mount -t overlay -o lowerdir=$directory,upperdir=/run/written$directory,workdir=/run/work$directory none $directory
done
mkdir -p /etc/libvirt
# It looks for this user when it starts.
echo 'libvirt-qemu:x:64055:64055::/:/bin/false' >> /etc/passwd
echo 'libvirt-qemu:x:64055:' >> /etc/group
cat > /etc/libvirt/qemu.conf <<'EOF'
user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = [ ]
namespaces = [ ]
stdio_handler = "file"
EOF
libvirtd > "$seen/libvirt" 2>&1 &
libvirt=$!

# Starts the machine of an instance by libvirt, and gives its process, which is not a child: $machine.
boot_by_libvirt() {
    prepare "$1" "$2"
    case $accelerator in kvm) type=kvm ;; *) type=qemu ;; esac
    # The other guest reads the disk itself; this one writes.
    cp --sparse=always "$disk" "/run/$tap.disk"
    sed -e "s|TYPE|$type|; s|TAP|$tap|; s|MAC|$mac|; s|UUID|$uuid|; s|INSTANCE|$id|" \
        -e "s|KERNEL|$kernel|; s|INITIAL|$initial|; s|COMMAND_LINE|$command_line|; s|DISK|/run/$tap.disk|; s|SEEN|$seen/$tap|" \
        "$scripts/domain.xml" > /run/domain.xml
    until virsh --connect qemu:///system version > /run/version 2>&1; do
        kill -0 "$libvirt" || exit 1
    done
    cat /run/version
    virsh --connect qemu:///system create --validate /run/domain.xml
    machine=$(cat "/run/libvirt/qemu/$tap.pid")
}
