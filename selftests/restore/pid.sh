#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Locks for processes that are there: crrestore --pid.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

# trip NAME OPEN... -- WORD...: WORDs are dumped, and restored to a process that has opened OPENs.
trip() {
	local name=$1 before opens=()

	shift
	while [[ $1 != -- ]]; do
		opens+=("$1")
		shift
	done
	shift
	hold_and_dump "$@"
	before=$(locks "$holder")
	kill_holder
	background holder hold "${opens[@]}"
	status crrestore --locks-only -D "$work/image" --pid "$holder"
	is "$name" "$status $said$(locks "$holder")" "0 $before"
	kill_holder
}

# refused NAME PATTERN WORD...: the checkpoint cannot go to a process with WORDs, which keeps what it has.
refused() {
	local name=$1 pattern=$2 before

	shift 2
	background holder hold "$@"
	before=$(locks "$holder")
	status crrestore --locks-only -D "$work/image" --pid "$holder"
	like "$name" "$status $said" "$pattern"
	is "$name: untouched" "$(locks "$holder")" "$before"
	kill_holder
}

cd "$work" || exit
plan 30
trip "flock" open:w:"$work/a" -- flock:w:"$work/a"
trip "flock on a duplicate" open:w:"$work/a" --dup 9 -- flock:r:"$work/a" --dup 9
trip "POSIX" open:w:"$work/a" -- posix:w:0-9:"$work/a" --same posix:r:20-:x
trip "OFD" open:w:"$work/a" open:w:"$work/a" -- ofd:w:0-9:"$work/a" ofd:w:10-19:"$work/a"
trip "read lease" open:r:"$work/l" -- lease:r:"$work/l"
trip "WRITE>READ" open:w:"$work/l" -- lease:w:"$work/l" --break r
trip "WRITE>READ and then >UNLCK" open:w:"$work/l" -- lease:w:"$work/l" --break r --break w
trip "READ>UNLCK" open:r:"$work/l" -- lease:r:"$work/l" --break w

# To the same process it changes nothing.
hold_and_dump flock:w:"$work/a" posix:w:0-9:"$work/b" ofd:w:0-9:"$work/c" lease:w:"$work/l" --break r
before=$(locks "$holder")
status crrestore --locks-only -D image -v --pid "$holder"
like "locks that are there already are said to be" "$status $said" "^0 .*was there already"
is "and stay" "$(locks "$holder")" "$before"
kill_holder

hold_and_dump posix:w:0-9:"$work/a" posix:w:0-9:"$work/b" flock:w:"$work/c"
kill_holder
refused "another lock of its own" "^1 crrestore: $work/b: POSIX WRITE 0-9: process [0-9]* has a lock there already: POSIX READ 5-5" \
	open:w:"$work/a" open:w:"$work/b" --same posix:r:5-5:x open:w:"$work/c"
refused "another file" "^1 crrestore: [0-9]*: descriptor 4: is not the file that it was: $work/b" \
	open:w:"$work/a" open:w:"$work/x" open:w:"$work/c"
refused "no file" "^1 crrestore: [0-9]*: descriptor 5: is not open; it was $work/c" \
	open:w:"$work/a" open:w:"$work/b"
refused "a file that is open for reading" "^1 crrestore: [0-9]*: descriptor 4: $work/b is not open for writing" \
	open:w:"$work/a" open:r:"$work/b" open:w:"$work/c"

hold_and_dump flock:w:"$work/a" --dup 9
kill_holder
refused "a description that is not shared" "^1 .*descriptor [39]: does not share an open of $work/a with descriptor [39]" \
	open:w:"$work/a" open:w:"$work/a" --fd 9
hold_and_dump ofd:w:0-9:"$work/a" ofd:w:10-19:"$work/a"
kill_holder
refused "a description that is shared" "^1 .*descriptor [34]: shares an open of $work/a with descriptor [34] of [0-9]*, which it did not" \
	open:w:"$work/a" --dup 4

# All or nothing, with locks that the target has by itself.
hold_and_dump posix:w:0-9:"$work/a" ofd:w:0-9:"$work/b" lease:w:"$work/l" --break r flock:w:"$work/c"
kill_holder
background blocker hold open:r:"$work/l"
background holder hold open:w:"$work/a" --same posix:r:50-:x open:w:"$work/b" --same flock:r:x \
	open:w:"$work/l" open:w:"$work/c"
before=$(locks "$holder")
status crrestore --locks-only -D image --pid "$holder"
like "a file that is open elsewhere is named" "$status $said" "^1 crrestore: $work/l: LEASE .* open as descriptor 3 of $blocker\(hold\)"
is "nothing but its own is left" "$(locks "$holder")" "$before"
end "$blocker"
status crrestore --locks-only -D image --pid "$holder"
is "then they are taken" "$status $(locks "$holder" | wc -l)" "0 6"
kill_holder

# A stopped process stays stopped, a sleeping one sleeps as long as it would.
hold_and_dump posix:w:0-9:"$work/a"
kill_holder
background holder hold open:w:"$work/a"
kill -STOP "$holder"
status crrestore --locks-only -D image --pid "$holder"
is "a stopped process gets locks" "$status $(locks "$holder" | grep -c PID)" "0 1"
like "and stays stopped" "$(<"/proc/$holder/stat")" "\) T "
kill -CONT "$holder"
end_background
is "and ends as it would" "$?" 0

# Who is not there.
status crrestore --locks-only -D image --pid 4194000
is "no process" "$status $said" "3 crrestore: 4194000: no such process"
status crrestore --locks-only -D image --pid 12345:$$
is "no such dumped process" "$status $said" "2 crrestore: --pid: 12345: is no process of image"

finish
