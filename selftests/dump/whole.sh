#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# crdump of whole processes: that CRIU takes what it writes, what becomes of the target, and what it refuses.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit

plan 42

# dump STATUS ARGUMENT...: succeeds if crdump exits so. What it says is in $work/said and $work/out.
dump() {
	local wanted=$1 status

	shift
	timeout 60 crdump "$@" </dev/null >"$work/out" 2>"$work/said"
	status=$?
	((status == wanted)) || {
		echo "status $status of crdump $*:"
		cat "$work/said" "$work/out"
		return 1
	}
}

# start NAME: a counter that counts in the file NAME; its process is $pid.
start() {
	setsid counter "$work/$1" </dev/null >/dev/null 2>&1 &
	disown $!
	until_true grep -q ready "$1"
	pid=$(sed -n 's/ready //p' "$1")
	background_pids+=("$pid")
}

last() {
	tail -n 1 "$1"
}

is_gone() {
	! kill -0 "$pid"
} 2>/dev/null

# Nobody waits for the count of who is not there.
counts_beyond() {
	is_gone || (($(last "$1") > $2))
}

# goes_on NAME: counts, and is traced by nobody.
goes_on() {
	until_true counts_beyond "$1" "$(last "$1")" && grep -qx 'TracerPid:	0' "/proc/$pid/status"
}

# All but raw pages and what is this project's own.
crit_decodes() {
	local image

	for image in "$1"/*.img "$1"/stats-*; do
		[[ $image == */pages-* || $image == */@(crlock|checksums).img ]] || crit show "$image" || return
	done
}

criu_restores() {
	timeout 60 criu restore -d -D "$1" --file-locks -v1 -o restore.log </dev/null >/dev/null 2>&1 || {
		tail "$1/restore.log"
		return 1
	}
}

# To CRIU -------------------------------------------------------------------------------------------

for options in "" --no-precopy --source=proc; do
	start count
	# shellcheck disable=SC2086
	check "a process is dumped: ${options:-by default}" dump 0 -t "$pid" -D image $options
	check "and is gone" until_true is_gone
	check "crit decodes the images" crit_decodes image
	check "CRIU restores it" criu_restores image
	check "and it counts on" goes_on count
	kill -KILL "$pid"
	until_true is_gone
	rm -rf count image
done

# What becomes of the target ------------------------------------------------------------------------

start count
check "--leave-running" dump 0 -t "$pid" -D running -R
check "the target goes on" goes_on count
check "a directory that holds a checkpoint is refused" dump 4 -t "$pid" -D running
check "the target goes on after that" goes_on count
check "--leave-stopped" dump 0 -t "$pid" -D stopped -s
check "the target is stopped" until_true grep -q '^State:	T' "/proc/$pid/status"
kill -CONT "$pid"
check "and goes on when it is continued" goes_on count
rm -f running/stats-dump
check "--check finds nothing" dump 0 --check -t "$pid"
is "and says nothing" "$(cat out said)" ""
check "the target goes on after it" goes_on count
mkdir full
mount -t tmpfs -o size=1m none full
check "a full disk is an error" dump 4 -t "$pid" -D full/image
check "that leaves nothing" test ! -e full/image
check "and lets the target go on" goes_on count
umount full
limited() (
	# In units of 1024 bytes.
	ulimit -f 8
	timeout 60 crdump -t "$pid" -D limited -R </dev/null >"$work/out" 2>"$work/said"
)
limited
is "a limit for the size of files is an error" "$?" 4
check "that leaves nothing" test ! -e limited
check "and lets the target go on" goes_on count
check "criu's options are accepted" dump 0 --tree "$pid" --images-dir criu -v4 -o log --file-locks
check "what is said goes to the log" grep -q '1 processes' log
until_true is_gone

# Huge pages ----------------------------------------------------------------------------------------

setsid python3 -c 'import mmap, os
memory = mmap.mmap(-1, 64 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
memory.madvise(mmap.MADV_HUGEPAGE)
memory[:] = os.urandom(1 << 20) * 64
open("huge", "w").write("ready %d\n" % os.getpid())
n = 0
while True:
    n = (n + 1) % 256
    for at in range(0, 64 << 20, 1 << 20):
        memory[at] = n' </dev/null >/dev/null 2>&1 &
disown $!
until_true grep -q ready huge
pid=$(sed -n 's/ready //p' huge)
background_pids+=("$pid")

# copied_again PAGES: whether no more are copied while the program is stopped. It may have been slow when it was looked at.
copied_again() {
	rm -rf huge-image
	dump 0 -t "$pid" -R -D huge-image &&
		crit show huge-image/stats-dump >stats && (($(tr -dc '0-9' < <(grep pages_written stats)) <= $1))
}

like "a program has huge pages" "$(grep AnonHugePages "/proc/$pid/smaps_rollup")" ' [1-9][0-9]* kB'
# However long one takes.
in_some_tries() {
	local i

	for ((i = 0; i < 10; i++)); do
		! "$@" || return 0
	done
	return 1
}
check "of those that it writes to a few pages are copied again" in_some_tries copied_again 2000
kill -KILL "$pid"
until_true is_gone

# What is refused -----------------------------------------------------------------------------------

check "a process that is not there" dump 3 -t 4000000 -D gone
check "leaves no directory" test ! -e gone

# A session and a network namespace of others, and a descriptor of neither file nor device.
unshare -n bash -c 'exec 7< <(sleep 1000); echo ready; exec sleep 1000' >ready </dev/null 2>&1 &
background_pids+=("$!")
pid=$!
until_true grep -q ready ready
check "a tree in which much stands in the way" dump 1 -t "$pid" -D refused
like "of which all is told" "$(cat said)" "session.*net namespace|net namespace.*session"
check "and nothing is left" test ! -e refused
sed 's/^crdump: //' said | sort >told
check "--check tells the same" dump 1 --check -t "$pid"
is "on standard output" "$(sort out)" "$(grep -v '^module' told)"
finish
