#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is outside of a tree: crdump --external lets it be, and crrestore --inherit-fd puts something in its place.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
readonly here=$root/selftests/restore

# dump ARGUMENT...: of the process $pid, which is gone then.
dump() {
	timeout 60 crdump -t "$pid" -D image "$@" </dev/null
}

# restore ARGUMENT...
restore() {
	timeout 60 crrestore -d -D image "$@" </dev/null
}

# refused NAME STATUS PATTERN COMMAND...: one line like the pattern, and nobody is there.
refused() {
	local name=$1 wanted=$2 pattern=$3 status

	shift 3
	"$@" >out 2>said
	status=$?
	sed -i '/: module crlock is not loaded /d' said
	like "$name" "$status $(<said)" "^$wanted cr(dump|restore): $pattern\$"
	is "$name: in one line, and nothing else" "$(wc -l <said) $(<out)" "1 "
}

is_gone() {
	! kill -0 "$pid"
} 2>/dev/null

# has FILE WORD: in time.
has() {
	until_true grep -qx "$2" "$1"
}

end_target() {
	kill -KILL "$pid"
	until_true is_gone
	rm -rf image
} 2>/dev/null

readonly program='
import os, signal
asked = signal.SIGUSR1, signal.SIGUSR2
signal.pthread_sigmask(signal.SIG_BLOCK, asked)
print("ready", os.getpid(), flush=True)
while True:
    if signal.sigwait(asked) == signal.SIGUSR1:
        print("again", flush=True)
    else:
        os.write(5, b"five")'

# start FILE: a process whose output goes through a pipe, and whose descriptor 5 is FILE; its process is $pid.
start() {
	rm -f first
	setsid /usr/bin/python3 -c "$program" 5>>"$1" 2>/dev/null </dev/null | cat >first &
	disown $!
	has first "ready .*"
	pid=$(sed 's/ready //' first)
	background_pids+=("$pid")
}

# inode FD: of the process.
inode() {
	stat -L -c %i "/proc/$pid/fd/$1"
}

cd "$work" || exit
plan 52

# Pipes ------------------------------------------------------------------------------------------------

start file
pipe=$(inode 1)
check "a process whose output goes to one outside is dumped" dump --external "pipe[$pipe]"
check "and is gone" until_true is_gone
check "it is restored with another pipe" restore --inherit-fd "fd[7]:pipe[$pipe]" 7> >(exec cat >second)
kill -USR1 "$pid"
check "through which its output arrives" has second again
is "and not where it went before" "$(<first)" "ready $pid"
kill -KILL "$pid"
until_true is_gone
check "with the name that /proc has too" restore --inherit-fd "fd[7]:pipe:[$pipe]" 7> >(exec cat >third)
kill -USR1 "$pid"
check "its output arrives" has third again
kill -KILL "$pid"
until_true is_gone
check "with a file in place of a pipe" restore --inherit-fd "fd[7]:pipe[$pipe]" --external "pipe[$pipe]" 7>fourth
kill -USR1 "$pid"
check "its output arrives there" has fourth again
kill -KILL "$pid"
until_true is_gone

readonly help='\(--help tells more\)'
refused "a descriptor that only reads" 1 "pipe [0-9]+: descriptor 7, which is given for it, is not open for what it was open for" \
	restore --inherit-fd "fd[7]:pipe[$pipe]" 7</dev/null
check "nothing is left of it" is_gone
refused "a pipe that the checkpoint has not" 1 'pipe:\[1\]: is given by --inherit-fd, but no file of the checkpoint' \
	restore --inherit-fd "fd[7]:pipe[1]" 7>/dev/null
check "nothing is left of it" is_gone
refused "one that is not open" 2 "--inherit-fd: fd\[7\]:pipe\[1\]: descriptor 7 is not open $help" \
	restore --inherit-fd "fd[7]:pipe[1]"
refused "one that is no number" 2 "--inherit-fd: fd\[x\]:pipe\[1\]: is not fd\[NUMBER\]:KEY $help" \
	restore --inherit-fd "fd[x]:pipe[1]"
refused "nothing behind it" 2 "--inherit-fd: fd\[0\]:: is not fd\[NUMBER\]:KEY $help" restore --inherit-fd "fd[0]:"
refused "another type" 2 "--inherit-fd: net\[1\]: is not pipe\[INODE\], .* $help" restore --inherit-fd "fd[0]:net[1]"
refused "a number that is none" 2 "--inherit-fd: pipe\[1x\]: is not pipe\[INODE\], .* $help" \
	restore --inherit-fd "fd[0]:pipe[1x]"
refused "the same twice" 2 "--inherit-fd: pipe\[1\]: is given twice $help" \
	restore --inherit-fd "fd[0]:pipe[1]" --inherit-fd "fd[1]:pipe[1]"
refused "another type of --external" 2 "--external: veth\[a\]: is not file\[MOUNT:INODE\], .* $help" \
	restore --external "veth[a]"
refused "and of crdump's" 2 "--external: 'veth\[a\]' is not file\[MOUNT:INODE\], .* $help" dump --external "veth[a]"
refused "locks only" 2 "--inherit-fd does not go with --locks-only $help" \
	crrestore --locks-only -D image --inherit-fd "fd[0]:pipe[1]" -- true
rm -rf image

# Files ------------------------------------------------------------------------------------------------

start file
mount=$(sed -n 's/^mnt_id:[[:blank:]]*//p' "/proc/$pid/fdinfo/5")
key=$(printf 'file[%x:%x]' "$mount" "$(inode 5)")
pipe=$(inode 1)
check "a file is external" dump --external "$key"
until_true is_gone
is "and recorded as that" "$(crlock show image --json | /usr/bin/python3 -c '
import json, sys
print(*(f["name"] for f in json.load(sys.stdin)["files"] if f["entry"].get("reg", {}).get("ext")))')" "$key"
refused "without another it is not restored" 1 "file\[[0-9a-f]+:[0-9a-f]+\]: is external: it needs --inherit-fd" \
	restore --inherit-fd "fd[7]:pipe[$pipe]" 7>/dev/null
check "with one it is" restore --inherit-fd "fd[7]:pipe[$pipe]" --inherit-fd "fd[8]:$key" 7>fifth 8>sixth
kill -USR2 "$pid"
check "which it then writes to" has sixth five
is "and not to the first" "$(<file)" ""
end_target

start gone
pipe=$(inode 1)
check "a file with a path" dump
until_true is_gone
rm gone
check "has another in its place" \
	restore --inherit-fd "fd[7]:pipe[$pipe]" --inherit-fd "fd[8]:${work#/}/gone" 7>fifth 8>seventh
kill -USR2 "$pid"
check "which it then writes to" has seventh five
is "the path stays free" "$(find gone 2>/dev/null)" ""
end_target

# Sockets and terminals --------------------------------------------------------------------------------

for kind in socket tty; do
	background key /usr/bin/python3 "$here/inherit.py" answer "$kind"
	pid=$(pgrep -P "${background_pids[-1]}")
	refused "a $kind with the other end outside" 1 "$pid: descriptor 5: .* outside the tree.*" dump
	check "is dumped with --external" dump --external "$key"
	until_true is_gone
	is "is restored with another one, and answers" \
		"$(/usr/bin/python3 "$here/inherit.py" restore "$kind" "$key" crrestore -d -D image </dev/null 2>&1)" RESTORED
	end_target
done
finish
