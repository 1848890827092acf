#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# With the module, a process that is dumped runs no instruction from when it is stopped until it goes on: the
# scheduler's trace says that no CPU is switched to it, and an account that it keeps of each of its own
# instructions has no more and no less than it would have. Without the module the same trace shows the system
# calls that it is made to make.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit

readonly tracing=/sys/kernel/tracing
readonly instance=$tracing/instances/crlock
readonly script=$root/selftests/dump/no_instruction.py

begin_tracing() {
	[[ -e $tracing/trace ]] || mount -t tracefs none "$tracing" || return
	mkdir "$instance" || return
	# In the order in which it happens, on all CPUs.
	echo counter >"$instance/trace_clock" &&
		echo 16384 >"$instance/buffer_size_kb" &&
		echo 0 >"$instance/tracing_on" &&
		echo 1 >"$instance/events/sched/sched_switch/enable" &&
		# Its own steps end with an rt_sigreturn(2) each, which nobody else would make.
		echo 'id != 15' >"$instance/events/raw_syscalls/sys_enter/filter" &&
		echo 1 >"$instance/events/raw_syscalls/sys_enter/enable"
}

end_tracing() {
	[[ ! -e $instance ]] || rmdir "$instance"
}

tids_of() {
	find "/proc/$1/task" -mindepth 1 -maxdepth 1 -printf '%f\n'
}

# start: a process that counts its instructions, $pid; its threads are $tids.
start() {
	setsid stepped account </dev/null >/dev/null 2>&1 &
	pid=$!
	background_pids+=("$pid")
	until_true has_steps 100
	until_true waits
	mapfile -t tids < <(tids_of "$pid")
}

# account: how many instructions were run, and how many of them had no business there.
account() {
	od -An -t u8 account | xargs
}

has_steps() {
	local steps

	steps=$(account)
	((${steps% *} >= $1))
}

# Of three threads one steps, and two wait.
waits() {
	(($(cat "/proc/$pid/task/"*/syscall | grep -cE '^(0|230) ') == 2))
}

# dump_traced OPTION...: what it did is in ./trace, and which process it was in ./dumper.
dump_traced() {
	echo >"$instance/trace"
	(
		printf '%s\n' "${tids[@]}" "$BASHPID" >"$instance/set_event_pid"
		echo 1 >"$instance/tracing_on"
		echo "$BASHPID" >dumper
		exec crdump -t "$pid" -D image "$@" </dev/null
	) || return
	echo 0 >"$instance/tracing_on"
	cat "$instance/trace" >trace
	rm -rf image
	! grep -E '^(overrun|dropped events): [^0]' "$instance"/per_cpu/*/stats
}

watch() {
	/usr/bin/python3 "$script" trace trace "$(<dumper)" "${tids[@]}"
}

text() {
	/usr/bin/python3 "$script" text "$pid"
}

is_stopped() {
	grep -q '^State:	T' "/proc/$pid/status"
}

is_gone() {
	[[ ! -e /proc/$pid ]]
}

readonly untouched='threads 3, switched to 0, calls 0, changed -'

# is_untouched NAME: with the module; without it the trace must show what it is to show.
is_untouched() {
	if [[ $source == kmod ]]; then
		is "$source: $1: no thread has run, and none was changed" "$(watch)" "$untouched"
	else
		like "$source: $1: the trace shows its system calls" "$(watch)" \
			'^threads 3, switched to [1-9][0-9]*, calls [1-9][0-9]*, changed .*SETREGSET.*SYSCALL'
	fi
}

# has_its_text NAME
has_its_text() {
	is "$source: $1: its text is what it was" "$(text)" "$text"
}

# goes_on NAME: two checks.
goes_on() {
	local steps

	steps=$(account)
	check "$source: $1: it goes on" until_true has_steps "$((${steps% *} + 1000))"
	like "$source: $1: it has missed no instruction, and run no other" "$(account)" '^[0-9]+ 0$'
}

begin_process() {
	rm -f account
	start
	text=$(text)
	is "$source: all of its text is of files" "$(grep -cv ' 0$' <<<"$text")" 0
}

leave_running() {
	check "$source: --leave-running" dump_traced -R --source="$source"
	is_untouched --leave-running
	has_its_text --leave-running
	goes_on --leave-running
}

leave_stopped() {
	check "$source: --leave-stopped" dump_traced -s --source="$source"
	is_untouched --leave-stopped
	has_its_text --leave-stopped
	check "$source: --leave-stopped: it is stopped" until_true is_stopped
	kill -CONT "$pid"
	goes_on --leave-stopped
}

be_killed() {
	check "$source: killed" dump_traced --source="$source"
	is_untouched killed
	wait "$pid" 2>/dev/null
	check "$source: killed: it is gone" is_gone
}

plan 22
trap 'end_tracing; clean_up' EXIT
check "the scheduler and system calls are traced" begin_tracing
source=kmod
begin_process
leave_running
leave_stopped
be_killed
source=proc
begin_process
leave_running
finish
