#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Long work shows a line on a terminal, and nowhere else.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=../large.sh
. "$(dirname "$0")/../large.sh"
cd "$work" || exit

plan 15

start_large 64

# slowly FILE [TIMES]: passes a stream on, so slowly that it lasts, until FILE shows a rate; then as fast as can be.
# Where none is to be shown it is slow for less long.
cat >slowly <<'END'
for ((i = 0; i < ${2:-900}; i++)); do
	grep -q '/s' "$1" 2>/dev/null && break
	head -c 65536
done
cat
END

# on_terminal COMMAND: what it writes there is in screen.
on_terminal() {
	rm -f screen
	script -qfec "$1" screen </dev/null >/dev/null 2>&1
}

# last_line: what is left on the terminal, after all that went over it.
last_line() {
	tail -n +2 screen | grep -v '^Script done' | tr '\r' '\n' | grep . | tail -n 1 | tr -d ' '
}

# crdump ---------------------------------------------------------------------------------------------------

on_terminal "crdump --stream --source=proc -R -t $pid | bash slowly screen >stream"
is "a dump on a terminal ends well" "$?" 0
check "it shows a bar, bytes, a rate and what is left" grep -qE \
	'crdump: copying memory  \[#*-*\] +[0-9]+%  [0-9.]+ (KiB )?of [67][0-9.]+ MiB, [0-9.]+ [KM]iB/s, [0-9:]+ left' screen
check "it writes over itself" grep -qE $'\r +\r' screen
is "and is gone at the end" "$(last_line)" ""
on_terminal "crdump --stream --source=proc -R -t $pid -o log | bash slowly log 60 >/dev/null"
check "with a log there is none" sh -c '! grep /s screen'
is "nor in the log" "$(<log)" ""
for option in -v0 --log-json --no-progress; do
	on_terminal "crdump --stream --source=proc -R -t $pid $option | bash slowly screen 60 >/dev/null"
	check "with $option there is none" sh -c '! grep /s screen'
done
# shellcheck disable=SC2094 # it waits for what is said
crdump --stream --source=proc -R -t "$pid" 2>said | bash slowly said 60 >/dev/null
is "nor where standard error is no terminal" "$(<said)" ""

# crrestore ------------------------------------------------------------------------------------------------

on_terminal "bash slowly screen <stream | crrestore --stream --check -D kept"
check "what comes has no bar, for nobody knows how much it is" grep -qE \
	'crrestore: receiving  [0-9.]+ [KM]iB, [0-9.]+ [KM]iB/s' screen
kill -KILL "$pid"
until_true sh -c "! test -e /proc/$pid"
# So that it lasts: each step of what it does to the new process takes a while.
on_terminal "strace -o /dev/null -e trace=ptrace -e inject=ptrace:delay_exit=10000 crrestore -d -D kept"
is "a restore on a terminal ends well" "$?" 0
check "it shows a bar" grep -qE 'crrestore: restoring memory  \[#+-*\] +[0-9]+%  [0-9.]+ of [67][0-9.]+ MiB, ' screen
is "which is gone at the end" "$(last_line)" ""
kill -KILL "$pid"
until_true sh -c "! test -e /proc/$pid"
strace -o /dev/null -e trace=ptrace -e inject=ptrace:delay_exit=10000 crrestore -d -D kept 2>said </dev/null
is "without a terminal there is none" "$(<said)" ""
finish
