#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is done when others hold conflicting locks: all or nothing, or by --on-conflict.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

# in_the_way NAME OTHER WORD...: WORDs are dumped, and cannot be restored because of OTHER, who is named.
in_the_way() {
	local name=$1 other=$2 before

	shift 2
	hold_and_dump "$@"
	kill_holder
	# shellcheck disable=SC2086
	background blocker hold $other
	before=$(locks "$blocker")
	status crrestore --locks-only -D "$work/image" -- true
	like "$name: fails and names the holder" "$status $said" "^1 crrestore: .*\b$blocker\(hold\)"
	is "$name: what others hold is untouched" "$(locks "$blocker")" "$before"
	end "$blocker"
}

cd "$work" || exit
plan 30
in_the_way "flock" "flock:w:$work/a" flock:w:"$work/a"
in_the_way "POSIX" "posix:w:5-:$work/a" posix:r:0-9:"$work/a"
in_the_way "POSIX and OFD" "ofd:w:5-5:$work/a" posix:w:0-9:"$work/a"
in_the_way "OFD and POSIX" "posix:r:5-5:$work/a" ofd:w:0-9:"$work/a"
in_the_way "lease, and a lease" "lease:r:$work/l" lease:w:"$work/l"
in_the_way "lease, and an open file" "open:r:$work/l" lease:w:"$work/l"
in_the_way "read lease, and a file open for writing" "open:w:$work/l" lease:r:"$work/l"
in_the_way "flock, and a lease that opening would break" "lease:w:$work/a" flock:w:"$work/a"
in_the_way "all or nothing" "flock:w:$work/c" posix:w:0-9:"$work/a" ofd:w:0-9:"$work/b" \
	flock:w:"$work/c" lease:w:"$work/l"
in_the_way "a lease that is broken again, and another's" "lease:r:$work/l" lease:r:"$work/l" --break w

# Ranges that do not touch are no conflict.
hold_and_dump posix:w:0-9:"$work/a"
kill_holder
background blocker hold posix:w:10-:"$work/a"
status crrestore --locks-only -D image -- true
is "a range beside is not in the way" "$status $said" "0 "
end "$blocker"

# skip
hold_and_dump flock:w:"$work/a" posix:w:0-9:"$work/b" lease:w:"$work/l"
kill_holder
background blocker hold flock:w:"$work/a" open:r:"$work/l"
restore --on-conflict=skip
is "skip takes the others" "$(locks "$restored" | grep -c "PID:")" 1
end "$restored"
status crrestore --locks-only -D image --on-conflict=skip -- sh -c 'exit 7'
like "skip says what it skips" "$said" "a: FLOCK WRITE: in the way is .*: skipped.*l: LEASE WRITE: in the way is .*: skipped.*1 locks restored, 2 skipped"
is "the command's exit status is passed on" "$status" 7

# wait
start=$SECONDS
status crrestore --locks-only -D image --on-conflict=wait:2 -- true
like "wait gives up at its limit" "$status $said" "^1 .*a: FLOCK WRITE: in the way is FLOCK WRITE"
check "wait waited" test $((SECONDS - start)) -ge 2 -a $((SECONDS - start)) -lt 20

crrestore --locks-only -D image --on-conflict=wait -v -- sh -c 'echo got; exec sleep 100' >out 2>err &
waiting=$!
until_true grep -q waiting err
like "wait holds nothing meanwhile" "$(locks "$blocker")" "^FLOCK WRITE [^
]*$"
end "$blocker"
until_true grep -q got out
is "wait gets them" "$(locks "$waiting" | grep -c PID)" 3
kill -TERM "$waiting"
wait "$waiting" 2>/dev/null

background blocker hold flock:w:"$work/a"
crrestore --locks-only -D image --on-conflict=wait -v -- true 2>err &
waiting=$!
until_true grep -q waiting err
kill -TERM "$waiting"
wait "$waiting" 2>/dev/null
is "a signal ends the waiting" "$?" 143
is "nothing is left" "$(locks "$blocker" | wc -l)" 1
end "$blocker"

finish
