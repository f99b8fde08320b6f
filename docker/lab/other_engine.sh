#!/bin/sh
# Run a Docker Engine in a separate root, for other_engine.py:
#
#   other_engine.sh NAME ROOT FOLDER ADDRESS CONFIG
#
# NAME is the name of its bridge and control group. ROOT is a Debian tree, mounted read-only.
# The engine writes into FOLDER. ADDRESS is the address of the bridge (10.1.2.1/24). CONFIG is a
# daemon.json.
#
# The engine uses the host's network, so 127.0.0.1 is the same for every engine of the machine.
# This script sets the network rules: an engine that sets its rules would flush those of the
# first engine. Mounts and processes are in name spaces that end with their first process, which
# ends with this script. This script removes bridge, rules and control groups when it ends. If it
# was killed with SIGKILL, run `other_engine.sh NAME - - ADDRESS` to remove them.

set -u
name=$1 root=$2 folder=$3 address=$4
config=${5-}

rules() {
    iptables -w "$1" FORWARD -i "$name" -j ACCEPT
    iptables -w "$1" FORWARD -o "$name" -j ACCEPT
    # Private networks, whose bridges the engine names br-ID.
    iptables -w "$1" FORWARD -i br-+ -o br-+ -m comment --comment "$name" -j ACCEPT
    iptables -w -t nat "$1" POSTROUTING -s "$address" ! -o "$name" -j MASQUERADE
}

clean() {
    {
        rules -D
        ip link delete "$name"
        # A killed process may take a moment to leave its control group.
        for attempt in 1 2 3 4 5 6 7 8 9; do
            find /sys/fs/cgroup -name "$name" | grep -q . || break
            find /sys/fs/cgroup/*/"$name" -depth -type d -exec rmdir {} + || sleep 0.2
        done
    } 2>/dev/null
}

first_process() {
    # The child of `unshare`: `unshare` blocks SIGTERM.
    cat "/proc/$apart/task/$apart/children"
}

# The first process of the name spaces. It reaps their processes.
inside='
set -eu
root=$1 folder=$2 config=$3
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mkdir "$root/run/engine"
mount --bind "$folder" "$root/run/engine"
for file in /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt; do
    [ ! -e "$file" ] || [ ! -e "$root$file" ] || mount --bind "$file" "$root$file"
done
# In a chroot, containers would get their volumes and /etc/resolv.conf at a wrong place.
cd "$root"
pivot_root . mnt
cd /
umount --lazy /mnt
trap "kill -TERM \$engine" TERM
dockerd --config-file="$config" &
engine=$!
while kill -0 $engine 2>/dev/null; do wait $engine && :; done
'

clean
[ "$root" != - ] || exit 0
trap 'clean' EXIT
trap 'exit 143' TERM
set -e
ip link add "$name" type bridge
ip address add "$address" dev "$name"
ip link set "$name" up
rules -A
set +e
setpriv --pdeathsig=KILL unshare --mount --pid --fork --kill-child \
    sh -c "$inside" other_engine "$root" "$folder" "$config" &
apart=$!
trap 'kill -TERM $(first_process)' TERM
while kill -0 "$apart" 2>/dev/null; do wait "$apart"; done
