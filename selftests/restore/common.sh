# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests of crrestore share, after lib.sh.

readonly break_time_file=/proc/sys/fs/lease-break-time

# locks [PID]: the locks of files in $work, without what differs between two holders of the same locks: how much
# time is left, and the pid, which becomes PID.
locks() {
	crlock ls --noheadings --raw --output KIND,STATE,START,END,HOLDERS,NOTICE,PATH |
		grep -F "$work/" |
		sed -E -e 's/\\x20/-/g' -e "s/\\b${1:-none}\\b/PID/g" -e 's/-[0-9]+\.[0-9]s/-s/g' | sort
}

# hold_and_dump WORD...: locks held by $holder are in the checkpoint $work/image.
hold_and_dump() {
	background holder hold "$@" || return
	rm -rf "$work/image"
	crdump --locks-only -t "$holder" -D "$work/image"
}

has_ended() {
	! kill -0 "$1" 2>/dev/null
}

# is_gone: whether $pid has ended.
is_gone() {
	has_ended "$pid"
}

# run_counter: starts the process $pid, which counts in $work/count, and waits until it does.
run_counter() {
	setsid counter "$work/count" </dev/null >/dev/null 2>&1 &
	disown $!
	until_true grep -q ready "$work/count"
	pid=$(sed -n 's/ready //p' "$work/count")
	background_pids+=("$pid")
}

# end PID...
end() {
	local pid

	kill -KILL "$@"
	# Who was started in the background was disowned, and who was restored is no child: wait would not wait.
	for pid; do
		until_true has_ended "$pid"
	done
} 2>/dev/null

kill_holder() {
	end "$holder"
}

# restore OPTION...: starts a command, $restored, that has the locks.
restore() {
	background restored crrestore --locks-only -D "$work/image" "$@" -- \
		sh -c 'echo ready $$; exec cat'
}

# status COMMAND...: puts its exit status into $status and what it says into $said.
status() {
	said=$("$@" 2>&1 </dev/null)
	# shellcheck disable=SC2034
	status=$?
}
