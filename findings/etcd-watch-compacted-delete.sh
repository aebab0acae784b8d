#!/usr/bin/env bash
# etcd: a watch that begins at the revision which was compacted gets that revision without its deletions, and no error.
#
# Versions: etcd 3.4.23 (Debian 12).
# Expected: a watch from revision 4 reports all of revision 4, or is refused as compacted. A table that is kept by a watch
#   is right then, or is read anew.
# Seen: a compaction at 4 drops what revision 4 deleted, and a watch from 4 is not refused: of a transaction that wrote `a`
#   and deleted `b` it reports the write alone. Whoever follows keeps `b` for ever. A watch from 3 is refused.
# So: begin one revision before the one that is wanted, and skip what is known.
# Needs: apt-get download, and unshare: server and client run where nothing but loopback is.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -q -o APT::Sandbox::User=root etcd-server=3.4.23-4+b4 etcd-client=3.4.23-4+b4 > /dev/null
for package in *.deb; do dpkg-deb -x "$package" unpacked; done

cat > probe.sh <<'BASH'
set -euo pipefail
ip link set lo up
bin=$PWD/unpacked/usr/bin
"$bin/etcd" --data-dir data --log-level error > etcd.log 2>&1 &
etcd=$!
trap 'kill $etcd' EXIT
export ETCDCTL_API=3
for _ in $(seq 100); do "$bin/etcdctl" endpoint health > /dev/null 2>&1 && break; sleep 0.1; done
"$bin/etcdctl" put a one > /dev/null
"$bin/etcdctl" put b one > /dev/null
# No comparison; one transaction: revision 4.
printf '\nput a two\ndel b\n\n\n' | "$bin/etcdctl" txn > /dev/null
"$bin/etcdctl" compaction 4 > /dev/null
"$bin/etcdctl" put c one > /dev/null
# It watches until it is ended, a second after all is reported.
for revision in 4 3; do
    echo "watch from $revision:"
    timeout 3 "$bin/etcdctl" watch --prefix '' --rev "$revision" 2>&1 | grep -v '^$' || true
done
BASH
unshare --net bash probe.sh > seen 2>&1 || { cat seen; exit 1; }
cat > expected <<'TEXT'
watch from 4:
PUT
a
two
PUT
c
one
watch from 3:
watch was canceled (etcdserver: mvcc: required revision has been compacted)
TEXT
sed -i '/^Error:/d' seen
diff expected seen && echo "$(unpacked/usr/bin/etcd --version | head -1): as described"
