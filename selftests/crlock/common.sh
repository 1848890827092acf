# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests of crlock share, after lib.sh.

# run COMMAND...: what it prints is in $out, what it says in $said, its exit status in $status.
run() {
	"$@" >"$work/.out" 2>"$work/.said" </dev/null
	status=$?
	# shellcheck disable=SC2034
	out=$(<"$work/.out") said=$(<"$work/.said")
}

# refused NAME STATUS PATTERN COMMAND...: it exits so, prints nothing, and says one line like the pattern.
refused() {
	local name=$1 wanted=$2 pattern=$3

	shift 3
	run "$@"
	like "$name" "$status $said" "^$wanted crlock: $pattern\$"
	is "$name: in one line, and nothing else" "$(wc -l <"$work/.said") $out" "1 "
}

# cell COLUMN ARGUMENT...: the one cell that `crlock ls` shows.
cell() {
	local column=$1

	shift
	crlock ls --noheadings --output "$column" "$@"
}

# json EXPRESSION ARGUMENT...: what a Python expression makes of `crlock ls --json`, which is d, and its locks l.
json() {
	local expression=$1

	shift
	crlock ls --json --output-all "$@" | /usr/bin/python3 -c '
import json, sys
d = json.load(sys.stdin)
l = d["locks"]
print(eval(sys.argv[1]))' "$expression"
}

# waits PID: whether it waits for a lock.
waits() {
	grep -qE -- "-> [A-Z]+ +[A-Z]+ +[A-Z]+ $1 " /proc/locks
}

readonly break_time=/proc/sys/fs/lease-break-time

# tells_breaks PID: whether the kernel, as with patches/, tells in fdinfo how the process's leases are being broken.
tells_breaks() {
	grep -qs '^lease:' "/proc/$1/fdinfo"/*
}

# keep_leases: leases that are being broken are so for longer than a test can take.
keep_leases() {
	break_time_before=$(<$break_time)
	trap 'echo "$break_time_before" >$break_time; clean_up' EXIT
	echo 3000 >$break_time
}
