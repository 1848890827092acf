#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Messages of crdump and crrestore: their levels, and what they are with --log-json, which has a schema.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

plan 21
cd "$work" || exit

# says LEVEL COMMAND...: its messages, without the program's name.
says() {
	"${@:2}" ${1:+"$1"} 2>&1 >/dev/null | sed 's/^[a-z]*: //'
}

# Levels -----------------------------------------------------------------------------------------------

for program in crdump crrestore; do
	is "$program -v0 says nothing" "$(says -v0 $program)" ""
	like "$program -v1 says errors" "$(says -v1 $program)" 'is missing \(--help tells more\)$'
	for bad in -v5 -vx --verbose=44 --verbose=; do
		like "$program $bad is no level" "$(says $bad $program)" 'is no level from 0 to 4'
	done
done

# What was dumped is said from level 3 on, and what is to be known from 2.
background pid hold flock:w:file
locks() {
	says "$1" crdump --locks-only --source proc -t "$pid" -D "locks$1"
}
is "nothing of what went well unless it is asked for" "$(for level in '' -v0 -v1 -v2; do locks "$level"; done)" ""
is "more than once is one more each" "$(locks -v; locks -v3; locks -v4; locks -vv)" "$(yes '1 locks of 1 open file descriptions, 1 processes' | head -n 4)"

# JSON -------------------------------------------------------------------------------------------------

crdump --log-json -v --locks-only --source proc -t "$pid" -D json 2>info >/dev/null
is "one line for each" "$(jq -r '[.level, .program, .message] | @tsv' info)" \
	$'info\tcrdump\t1 locks of 1 open file descriptions, 1 processes'
crrestore --log-json -D $'no"where\\\e[31m\xff' 2>error
is "what terminals obey, and what is no UTF-8, is not in it" "$(jq -r .message error)" \
	'no"where\\x1b[31m\xff: No such file or directory'
# A process that does what is in the way: in a session of another, with an inotify that has something to read.
background blocked /usr/bin/python3 -c '
import ctypes, os, sys
libc = ctypes.CDLL(None)
fd = libc.inotify_init()
libc.inotify_add_watch(fd, b".", 0xfff)
open("touched", "w").close()
print(os.getpid(), flush=True)
sys.stdin.read()'
crdump --log-json --source proc -t "$blocked" -D blocked 2>in-the-way
is "a process is told as a number" "$(jq -s "map(select(.pid == $blocked)) | length > 0" in-the-way)" true
is "a descriptor too" "$(jq -s -c "[.[] | select(.message | test(\"inotify\")) | [.pid, .fd]]" in-the-way)" "[[$blocked,3]]"
for file in info error in-the-way; do
	printf 'log lines %s\n' $file
done >files
jq -c '.new = 1' info >new
jq -c '.fd = 3 | del(.pid)' info >no-pid
printf 'log lines %s\n' new no-pid >>files
/usr/bin/python3 "$root/selftests/crlock/schema.py" "$root/uapi" <files >judged
is "all as the schema says" "$(grep -c ': valid$' judged)" 3
like "of which no member more is seen" "$(grep '^new:' judged)" "'new' was unexpected"
like "nor a descriptor of nobody" "$(grep '^no-pid:' judged)" "'pid' is a dependency of 'fd'"
finish
