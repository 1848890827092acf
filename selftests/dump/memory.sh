#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What happens to memory, and to who copies it, while it is copied: either all of it is in the checkpoint, or there is none.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
readonly here=$root/selftests/dump
cd "$work" || exit

plan 8

# fixture KIND: its process is $pid, its memory ${place[@]}.
fixture() {
	rm -rf image ready
	setsid /usr/bin/python3 -B "$here/memory_fixture.py" "$1" </dev/null >ready 2>&1 &
	pid=$!
	disown "$pid"
	background_pids+=("$pid")
	until_true grep -q . ready
	read -r -a place <ready
	unset 'place[2]'
}

same_memory() {
	/usr/bin/python3 -B "$here/memory_compare.py" image "$pid" "${place[@]}"
}

# A process that is killed while it is stopped ------------------------------------------------------

is_stopped() {
	grep -q '^State:	t' "/proc/$1/status"
}

# waits_to_write PID: one of its threads, in write, poll, ppoll or splice.
waits_to_write() {
	grep -qsE '^(1|7|271|275) ' /proc/"$1"/task/*/syscall
}

# Its memory comes after its parent's, of which the pipe does not hold all.
fixture two
child=$(pgrep -P "$pid")
mkfifo stream
crdump --stream --no-precopy --shell-job -R -t "$pid" >stream 2>said &
dumper=$!
exec {stream}<stream
until_true is_stopped "$child"
until_true waits_to_write "$dumper"
kill -KILL "$child"
until_true grep -q '^State:	Z' "/proc/$child/status"
cat <&"$stream" >/dev/null
wait "$dumper"
is "a process that is killed before its memory is copied: no checkpoint" "$?" 3
like "and it is told" "$(<said)" "$child: was killed meanwhile"
exec {stream}<&-
kill -KILL "$pid"

# What cannot be read while the process runs --------------------------------------------------------

# points CALL...: of these, the last, where the first time the thread makes them one after the other; and those next to it,
# for not each time crdump makes as many before.
points() {
	awk -F: -v wanted="$*" '
		$1 == 0 { made = made " " $2 }
		$1 == 0 && substr(made, length(made) - length(wanted)) == " " wanted { number = $2; nth = $3; exit }
		END { for (i = nth > 2 ? nth - 2 : 0; number && i <= nth + 2; i++) print "0:" number ":" i }' calls
}

# right_or_none POINT: with that failure crdump makes a checkpoint with all of the memory, or none.
right_or_none() {
	rm -rf image
	timeout 60 inject reached "$1" crdump --source=proc -t "$pid" -R -D image </dev/null >said 2>&1 || return 0
	same_memory
}

# all_right ERROR CALL...
all_right() {
	local error=$1 point wrong=1

	shift
	for point in $(points "$@"); do
		wrong=0
		right_or_none "$point=$error" || return
	done
	return "$wrong"
}

readonly pread64=17 openat=257 process_vm_readv=310 ENOMEM=12 EMFILE=24
fixture protected
check "memory that may not be touched is dumped" inject calls crdump --source=proc -t "$pid" -R -D image
check "all of it" same_memory
check "also if no memory can be opened while the process runs" all_right $EMFILE $process_vm_readv $openat
check "or read" all_right $ENOMEM $process_vm_readv $openat $pread64
kill -KILL "$pid"

# What becomes zeros since it was copied ------------------------------------------------------------

if [[ -e /sys/kernel/mm/transparent_hugepage ]]; then
	fixture given-back
	# shellcheck disable=SC2016
	timeout 100 sh -c 'echo $$ >dumper; exec crdump --source=proc -t "$0" -R -D image' "$pid" </dev/null >said 2>&1
	is "huge pages that are given back while the process is dumped" "$? $(<said)" "0 "
	if [[ -s given-back ]]; then
		check "are zeros" same_memory
	else
		skip "are zeros" "it came to nothing"
	fi
else
	skip "huge pages that are given back while the process is dumped" "the kernel gives none by itself"
	skip "are zeros" "the kernel gives none by itself"
fi
finish
