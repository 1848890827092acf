#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is written of open files is what CRIU writes of the same process, and nothing is taken out of them.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
here=$(cd -P "$(dirname "$0")" && pwd)
cd "$work" || exit

kinds=(regular devices deleted pipes fifos eventfds signalfds timers epolls memory unix unix_names
	in_flight inet terminals inotify mapped)
plan $((2 * ${#kinds[@]} + 28))

ready_or_gone() {
	grep -q '^ready' "$work/kinds" || ! kill -0 "$pid"
}

# fixture KIND...: starts one, with standard output in the file kinds; its process id is in $pid.
fixture() {
	mkdir "$work/dir$((++fixtures))"
	: >"$work/kinds"
	rm -f "$work/in"
	mkfifo "$work/in"
	setsid /usr/bin/python3 "$here/files_fixture.py" "$work/dir$fixtures" "$@" \
		<"$work/in" >"$work/kinds" 2>"$work/errors" &
	pid=$!
	background_pids+=("$pid")
	disown "$pid"
	exec {background_in}>"$work/in"
	until_true ready_or_gone
	grep -q '^ready' "$work/kinds" || sed 's/^/# /' "$work/errors"
}
fixtures=0

has_more_lines() {
	(($(wc -l <"$work/kinds") > $1))
}

# What it has to say of its files after the dump.
still() {
	echo >&"$background_in"
	until_true has_more_lines "$1"
	tail -n 1 "$work/kinds"
}

# dump STATUS ARGUMENT...: succeeds if files_dump exits so. What it says is in $work/said.
dump() {
	local wanted=$1 status

	shift
	timeout 60 files_dump "$@" >"$work/out" 2>"$work/said"
	status=$?
	((status == wanted)) || {
		echo "status $status of files_dump $*:"
		cat "$work/said"
		return 1
	}
}

said() {
	grep -qE -- "$1" "$work/said" || {
		cat "$work/said"
		return 1
	}
}

# compare DIRECTORY WHAT: a result for each kind.
compare() {
	local kind

	/usr/bin/python3 "$here/files_compare.py" "$1" criu kinds >"$work/compared" 2>&1
	for kind in "${kinds[@]/mapped/mappings}"; do
		check "$kind: $2" grep -qx "$kind same" "$work/compared"
	done
	grep '^#' "$work/compared"
}

# All kinds -----------------------------------------------------------------------------------------

fixture "${kinds[@]}"
lines=$(wc -l <kinds)
check "files of all kinds are dumped" dump 0 "$pid" ours
check "and with what the module tells of sharing" dump 0 -m "$pid" with-module
mkdir criu
check "criu dumps the same process" timeout 100 criu dump -t "$pid" -D criu -R -o log --ghost-limit 2M
compare ours "as criu writes it"
compare with-module "so too with the module"
is "what was in pipes, sockets and files is still there" "$(still "$lines")" same
kill -KILL "$pid"

# What criu does not take -----------------------------------------------------------------------------

fixture packets linked
lines=$(wc -l <kinds)
check "a pipe of packets and a file with another link are dumped" dump 0 "$pid" others
is "packets are told apart" "$(crit show others/pipes-data.img | grep -c '"bytes"')" 2
is "the file gets another name" "$(crit show others/files.img | grep -c '/link_remap.1"')" 1
check "which is there" test "dir$fixtures/second" -ef "dir$fixtures/link_remap.1"
is "packets and links are as before" "$(still "$lines")" "links: 2 instead of 1"
kill -KILL "$pid"

# What stands in the way --------------------------------------------------------------------------------

# blocks WHAT PATTERN: that it was told, with process and descriptor.
blocks() {
	check "in the way: $1" said "^crdump: $pid: descriptor [0-9]+: $2"
}

fixture outside
check "files that cannot be dumped are refused" dump 1 "$pid" refused
check "and nothing is written" test ! -e refused
blocks "a TCP connection" 'TCP connection 127\.0\.0\.1:5600 - 127\.0\.0\.1:[0-9]+, established: cannot be restored; close it first$'
blocks "its other end" 'TCP connection 127\.0\.0\.1:[0-9]+ - 127\.0\.0\.1:5600, established'
blocks "a connection that was not accepted" 'TCP listener 127\.0\.0\.1:5600, with 1 connections'
blocks "a connected UDP socket" 'connected UDP socket 127\.0\.0\.1:[0-9]+ - '
blocks "netlink" 'socket:\[[0-9]+\]: a netlink socket'
blocks "a packet socket" 'socket:\[[0-9]+\]: a packet socket'
blocks "a raw socket" 'socket:\[[0-9]+\]: an internet socket of type 3 and protocol 1'
blocks "a pidfd" 'anon_inode:\[pidfd\]'
blocks "a namespace" 'net:\['
blocks "another device" '/dev/kmsg: character device 1:11'
blocks "io_uring" 'anon_inode:\[io_uring\]'
blocks "a deleted file that has a lease" '/.*/leased \(deleted\): .*would break the lease'
blocks "a peer outside" 'socket:\[[0-9]+\]: a unix socket with a peer, socket:\[[0-9]+\], outside the tree .--external .unix\[[0-9]+\]. allows it.$'
blocks "a terminal of outside" '/dev/pts/[0-9]+: a terminal whose other end is outside'
check "the lease is as before" grep -q 'LEASE  ACTIVE    WRITE' /proc/locks
check "with --shell-job that terminal is none" dump 1 -j "$pid" refused
check "and the others still are" sh -c '! grep -q /dev/pts/ said && grep -q "a unix socket" said'
kill -KILL "$pid"
finish
