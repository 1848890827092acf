#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel tree's own netlink client, which knows nothing of crlock but uapi/crlock.yaml, is told the same as
# crlock is.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit

plan 15

readonly tools=$root/selftests/kmod/ynl.py client=$build/ynl/tools/net/ynl/cli.py

ynl() {
	/usr/bin/python3 "$tools" "$@"
}

# status_is NAME STATUS: of the request; shows what the client said.
status_is() {
	cat "$1"
	[[ $(cat "$1.status") == "$2" ]]
}

nr_awaited() {
	[[ $(crlock ls --noheadings --output NWAITERS | grep -c '[1-9]') == "$1" ]]
}

# In place of what runs it, and without this test's standard error, whose position changes.
quiet() {
	exec "$@" 2>/dev/null
}

# Leases are to go on breaking.
break_time=$(cat /proc/sys/fs/lease-break-time)
trap 'echo "$break_time" >/proc/sys/fs/lease-break-time; clean_up' EXIT
echo 3600 >/proc/sys/fs/lease-break-time

# A lock of every kind and state that programs can make, a holder of every kind, and waiters.
background pid quiet hold flock:w:flock --same posix:r:5-9: --same posix:w:100-: --dup 20 ofd:w:0-1:ofd --child \
	lease:r:lease --child lease:w:to-read --break r lease:w:to-nothing --break w \
	lease:w:both --break r --break w flock:r:mapped --map flock:w:sent --in-flight
background holder hold ofd:r:9223372036854775806-:last --thread posix:w:1-1:thread
background waiter waiter flock:r:flock
background breaker breaker r to-read
check "two of the locks are awaited" until_true nr_awaited 2

# What is stopped does not change meanwhile.
kill -STOP "$pid"
until_true grep -q '^State:	T' "/proc/$pid/status"
crlock info --json >crlock-info
crlock ls --json --output-all >crlock-locks
crlock ls --json --output-all --pid "$pid,$holder" --kind ofd,lease >crlock-kinds
crlock ls --json --output-all --file ofd >crlock-inode
IFS=' :' read -r _ major minor inode < <(crlock ls --noheadings --raw --output KIND,DEV,INODE --file ofd)

check "the client asks, by a specification that its schema allows" ynl ask "$client" \
	"$root/uapi/crlock.yaml" "$build/ynl/Documentation/netlink/genetlink-legacy.yaml" <<END
info do info-get {}
locks dump lock-get {}
kinds dump lock-get {"kinds": ["ofd", "lease"], "tgid": [$pid, $holder]}
inode dump lock-get {"dev-major": $major, "dev-minor": $minor, "ino": $inode}
files dump file-get {"tgid": [$pid]}
regs do regs-get {"tid": $pid}
all-regs dump regs-get {"tgid": $pid}
running do regs-get {"tid": $holder}
gone dump file-get {"tgid": [4000000]}
END
check "info-get tells what crlock info does" ynl info info crlock-info
check "lock-get lists the same locks as crlock ls" ynl locks locks crlock-locks
is "all of them" "$(ynl locks locks crlock-locks)" "12 locks, 0 differ"
check "the same of some processes and kinds" ynl locks kinds crlock-kinds
is "all of them" "$(ynl locks kinds crlock-kinds)" "6 locks, 0 differ"
check "the same of one file" ynl locks inode crlock-inode
check "file-get lists the descriptors that /proc does" ynl files files "$pid"
check "regs-get tells the registers of a thread" ynl regs regs "$pid"
is "the same among those of a process" "$(cat all-regs)" "[$(cat regs)]"
check "regs-get of who runs fails" status_is running 1
like "and says why" "$(cat running)" "'TID: the thread is neither stopped, traced nor frozen', 'bad-attr': '.tid'"
check "file-get of who is not there fails" status_is gone 1
like "and says why" "$(cat gone)" "'TGID: no such process'"
kill -CONT "$pid"
finish
