#!/bin/sh
# A Docker Engine in a root of its own, for other_engine.py:
#
#   other_engine.sh NAME ROOT FOLDER ADDRESS CONFIG
#
# NAME is that of its bridge and control group, ROOT a Debian tree that is only read, FOLDER
# holds what the engine writes, ADDRESS is the bridge's (10.1.2.1/24), CONFIG a daemon.json.
#
# The network is the host's, so 127.0.0.1 is the same for every engine of the machine. The
# rules there are ours: an engine that wrote its own would flush those of the first one.
# Mounts and processes are in name spaces that die with their first process, and that dies
# with this script. Bridge, rules and control groups are taken away by this script, unless it
# is killed with -9: then `other_engine.sh NAME - - ADDRESS` does so.

set -u
name=$1 root=$2 folder=$3 address=$4
config=${5-}

rules() {
    iptables -w "$1" FORWARD -i "$name" -j ACCEPT
    iptables -w "$1" FORWARD -o "$name" -j ACCEPT
    iptables -w -t nat "$1" POSTROUTING -s "$address" ! -o "$name" -j MASQUERADE
}

clean() {
    {
        rules -D
        ip link delete "$name"
        # What was killed just now may take a moment to leave its group.
        for attempt in 1 2 3 4 5 6 7 8 9; do
            find /sys/fs/cgroup -name "$name" | grep -q . || break
            find /sys/fs/cgroup/*/"$name" -depth -type d -exec rmdir {} + || sleep 0.2
        done
    } 2>/dev/null
}

first_process() {
    # The child of `unshare`, which itself blocks the signal that asks it to end.
    cat "/proc/$apart/task/$apart/children"
}

# Run as the first process of the name spaces, whose children it reaps.
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
trap "kill -TERM \$engine" TERM
chroot "$root" dockerd --config-file="$config" &
engine=$!
while kill -0 $engine 2>/dev/null; do wait $engine && :; done
'

clean
[ "$root" != - ] || exit 0
trap 'clean' EXIT
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
