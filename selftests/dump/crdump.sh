#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# crdump: what it writes, what it refuses, and that its target goes on whatever happens.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit

plan 48

# dump STATUS ARGUMENT...: succeeds if crdump exits so. What it says is in $work/said.
dump() {
	local wanted=$1 status

	shift
	timeout 60 crdump --locks-only "$@" >"$work/out" 2>"$work/said"
	status=$?
	((status == wanted)) || {
		echo "status $status of crdump --locks-only $*:"
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

one_line() {
	(($(wc -l <"$work/said") == 1)) || {
		cat "$work/said"
		return 1
	}
}

# Sleeping, or running, and traced by nobody.
goes_on() {
	grep -qE '^State:	[SR]' "/proc/$1/status" && grep -qx 'TracerPid:	0' "/proc/$1/status"
}

# What crit decodes, as words that can be compared.
locks_of() {
	crit show "$1/filelocks.img" | /usr/bin/python3 -c '
import json, sys
for e in json.load(sys.stdin)["entries"]:
    print(*(e[n] for n in ("flag", "type", "pid", "fd", "start", "len")))'
}

# Every kind ----------------------------------------------------------------------------------------

background pid hold flock:w:a --same posix:r:5-9: ofd:w:100-:b lease:r:c lease:w:d --break r lease:w:e --break w
check "a process with locks of every kind is dumped" dump 0 -t "$pid" -D image
check "it goes on" goes_on "$pid"
check "crit decodes the inventory" crit show image/inventory.img
# Kinds: POSIX 1, flock 2, OFD 4, lease 8. Types: F_RDLCK 0, F_WRLCK 1, F_UNLCK 2, breaking to it: 4 more.
is "crit decodes the locks: kind, type, pid, descriptor, start, length" \
	"$(locks_of image | sort)" "$(sort <<END
2 1 $pid 3 0 0
1 0 $pid 3 5 5
4 1 $pid 4 100 0
8 0 $pid 5 0 0
8 4 $pid 6 0 0
8 6 $pid 7 0 0
END
)"
is "the directory is the owner's alone" "$(stat -c %a image)" 700
is "so are the images" "$(stat -c %a image/*.img | sort -u)" 600

check "a directory that holds a checkpoint is refused" dump 4 -t "$pid" -D image
check "and named" said '^crdump: image: .*holds a checkpoint already'
check "in one line" one_line
rm image/inventory.img
check "so is one that was not finished" dump 4 -t "$pid" -D image
check "a directory that cannot be made is refused" dump 4 -t "$pid" -D no/where
check "and named" said '^crdump: no/where: '

: >file
check "a file in place of the directory is refused" dump 4 -t "$pid" -D file
check "from /proc it works too" dump 0 -t "$pid" -D from-proc --source=proc
check "and crit decodes it" crit show from-proc/filelocks.img

# Bad words -----------------------------------------------------------------------------------------

check "a process that is not there" dump 3 -t 4000000 -D gone
check "is named" said 4000000
check "and leaves no directory" test ! -e gone
check "a word that is no process" dump 2 -t 12x -D gone
check "no directory" dump 2 -t "$pid"
check "an unknown source" dump 2 -t "$pid" -D gone --source=guess

# A full disk -----------------------------------------------------------------------------------------

mkdir full
mount -t tmpfs -o size=16k none full
head -c 12k /dev/zero >full/rest 2>/dev/null
check "a full disk is an error" dump 4 -t "$pid" -D full/image
check "that names the image" said 'full/image: .*: No space left'
check "and leaves nothing" test ! -e full/image
umount full

check "the target goes on after all that" goes_on "$pid"
(
	crdump --locks-only -t "$pid" -D killed &
	kill -KILL $!
	wait $!
) 2>/dev/null
until_true goes_on "$pid"
check "the target goes on when crdump is killed" goes_on "$pid"
check "which has made no checkpoint, or a whole one" \
	sh -c '! test -e killed/inventory.img || crit show killed/filelocks.img'
end_background

# Sharing ---------------------------------------------------------------------------------------------

background pid hold flock:w:shared --child
child=$(pgrep -P "$pid")
check "a child is a part of the tree" dump 0 -t "$pid" -D tree
check "a child alone shares with its parent outside" dump 1 -t "$child" -D alone
check "who is named, with the descriptor" said "process $pid \(hold\).*descriptor 3"
check "and nothing is left" test ! -e alone
check "but with --external-locks" dump 0 -t "$child" -D alone --external-locks
check "--kill" dump 0 -t "$pid" -D killed-tree --kill
check "kills all of the tree" sh -c "! kill -0 $pid && ! kill -0 $child"

# Not to be killed is nothing to be passed over.
background pid hold flock:w:kept
timeout 60 inject reached 0:62:0=1 crdump --locks-only -t "$pid" -D kept-tree --kill >/dev/null 2>said
is "--kill of what cannot be killed fails" "$?" 1
check "and says so" said "^crdump: $pid: goes on: signal 9 cannot be sent to it"
check "and it goes on" goes_on "$pid"
end_background
background pid hold flock:w:kept --child
timeout 60 inject reached 0:62:0=1 crdump --locks-only -t "$pid" -D whole-tree --kill >/dev/null 2>said
check "nor is a tree ended in part" said "^crdump: $pid: goes on, and so do all: signal 9 cannot be sent to it"
check "but goes on" goes_on "$pid"
check "as a whole" goes_on "$(pgrep -P "$pid")"
end_background

# Things that cannot be ----------------------------------------------------------------------------------

background pid hold flock:w:m1 --map flock:w:m2 --in-flight
check "locks without a descriptor are refused" dump 1 -t "$pid" -D none
is "all of them are told" "$(grep -c 'no descriptor' said)" 2
end_background

background pid hold ofd:r:1-2:s
kill -STOP "$pid"
until_true grep -q '^State:	T' "/proc/$pid/status"
check "a stopped process is dumped" dump 0 -t "$pid" -D stopped
check "and is stopped after it" until_true grep -q '^State:	T' "/proc/$pid/status"
kill -CONT "$pid"
check "and can go on" until_true goes_on "$pid"
end_background

# Parents make their children before or after they begin sessions. This one's parent has ended.
cat >orphan.py <<'END'
import ctypes
import os
import signal
ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER
ends = os.pipe()
if not os.fork():
    os.setsid()
    if not os.fork():
        if os.fork():
            os._exit(0)
        os.setpgid(0, 0)
        os.write(ends[1], b"%d\n" % os.getpid())
        signal.pause()
    os.wait()
    signal.pause()
orphan = int(os.read(ends[0], 16))
while open("/proc/%d/stat" % orphan).read().rsplit(")", 1)[1].split()[1] != str(os.getpid()):
    pass
print(os.getpid(), orphan, flush=True)
signal.pause()
END
setsid /usr/bin/python3 -B orphan.py >pids </dev/null &
disown $!
until_true test -s pids
read -r pid orphan <pids
mapfile -t -O "${#background_pids[@]}" background_pids < <(echo "$pid"; pgrep -P "$pid")
timeout 60 crdump -t "$pid" -D orphan >out 2>said
is "who cannot be made in its session again is refused" "$?" 1
check "it is told" said "^crdump: $orphan: is in session [0-9]+, which none of its ancestors began\$"
check "and goes on" goes_on "$orphan"
finish
