#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# crrestore --log-file: what would be said on standard error goes there, and nothing of it into files of a checkpoint.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

# silent STATUS COMMAND...: it exits so, and says nothing.
silent() {
	local wanted=$1

	shift
	timeout 60 "$@" </dev/null >out 2>said
	[[ $? == "$wanted" && ! -s out && ! -s said ]] || {
		cat out said log
		return 1
	}
}

cd "$work" || exit
plan 19

# Whole processes --------------------------------------------------------------------------------------

run_counter
check "a process is dumped" crdump -t "$pid" -D whole --leave-running
check "what is in the way is not said" silent 1 crrestore -d -D whole -o log
like "but logged" "$(<log)" "^crrestore: $pid: cannot be made: the pid is taken \(end who has it, .*\)\$"
kill -KILL "$pid"
until_true is_gone
check "nothing is said of what goes well" silent 0 crrestore -d -D whole --log-file log
is "nor logged, and what was logged before is gone" "$(<log)" ""
is "the log is none of the process's files" "$(find "/proc/$pid/fd" -lname '*/log')" ""
kill -KILL "$pid"
until_true is_gone
check "with -v, in any of its forms" silent 0 crrestore -d -D whole -v4 -o log
like "what was restored is logged" "$(<log)" '^crrestore: 1 processes, [1-9][0-9]* pages$'
kill -KILL "$pid"
until_true is_gone
check "or --verbosity" silent 0 crrestore -d -D whole --verbosity=3 -o log
like "it is logged too" "$(<log)" "1 processes"
kill -KILL "$pid"
check "--check tells on standard output" sh -c "crrestore --check -D whole --root /dev -o log >told; grep -q . told && test ! -s log"
status crrestore -d -D whole -o no/log
is "a log that cannot be made" "$status $said" "2 crrestore: no/log: No such file or directory"

# Locks --------------------------------------------------------------------------------------------------

# Descriptors that the log would have.
hold_and_dump flock:w:"$work/a" --fd 3 posix:w:0-9:"$work/b" --fd 4 ofd:w:0-9:"$work/c" --fd 2 flock:w:"$work/d"
kill_holder
check "locks are taken silently" silent 0 crrestore --locks-only -D image -v -o log -- true
like "and each is logged" "$(<log)" "$work/a: FLOCK WRITE: taken by .*4 locks restored, 0 skipped"
is "nothing was written into the files" "$(cat a b c d)" ""
crrestore --locks-only -D image -o log -- find /proc/self/fd -lname '*/log' >out 2>said
is "the command does not have the log" "$(<out)" ""
background blocker hold flock:w:"$work/d"
check "a conflict is not said" silent 1 crrestore --locks-only -D image -o log -- true
like "but logged" "$(<log)" "^crrestore: .*$work/d"
is "nothing was written into the files" "$(cat a b c d)" ""
end "$blocker"
finish
