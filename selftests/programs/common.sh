# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Programs as people run them, after lib.sh: each is started, dumped, gone, restored, and goes on, with the
# module and without it. From the environment:
#
#   CRLOCK_PROGRAM_SOURCES  what crdump asks, default "kmod proc"

# shellcheck disable=SC2034
readonly limit=60 python=/usr/bin/python3 here=$root/selftests/programs
# shellcheck disable=SC2034
read -r -a sources <<<"${CRLOCK_PROGRAM_SOURCES-kmod proc}"

# use SOURCE: without the module means that there is none.
use() {
	source=$1
	if [[ $1 == proc ]]; then
		! grep -qs '^crlock ' /proc/modules || rmmod crlock
	else
		grep -qs '^crlock ' /proc/modules || insmod "$CRLOCK_KO"
	fi
}

# fresh: a new directory $dir, which is also the working directory.
fresh() {
	dir=$(mktemp -d "$work/XXXXXX")
	cd "$dir" || exit
}

# start INPUT COMMAND...: in $dir, in a session whose leader is $pid.
start() {
	(exec setsid "${@:2}" <"$1" >out 2>&1) &
	pid=$!
}

# members: the living processes of the session.
members() {
	cat /proc/[0-9]*/stat 2>/dev/null |
		awk -v session="$pid" '{ id = $1; sub(/^.*\) /, "") } $4 == session && $1 != "Z" { print id }'
}

is_gone() {
	[[ ! $(members) ]]
}

end_members() {
	local pids

	mapfile -t pids < <(members)
	((${#pids[@]} == 0)) || kill -KILL "${pids[@]}"
	until_so is_gone
	wait "$pid"
} 2>/dev/null

# until_so COMMAND...: waits until it succeeds, or the time is up.
until_so() {
	local end=$((SECONDS + limit))

	until "$@" >/dev/null 2>&1; do
		((SECONDS < end)) || {
			echo "not within $limit seconds: $*"
			tail out
			return 1
		}
		sleep 0.05
	done
}

exists() {
	[[ -e $1 ]]
}

# has_lines FILE NUMBER
has_lines() {
	(($(wc -l <"$1") >= $2))
}

# goes_on FILE: has 20 lines more than now.
goes_on() {
	until_so has_lines "$1" $(($(wc -l <"$1") + 20))
}

# locks_of: the locks that the session's leader holds.
locks_of() {
	crlock ls --source="$source" --noheadings --raw --output KIND,STATE,START,END,PATH --pid "$pid" | sort
}

# dump [OPTION...]
dump() {
	timeout "$limit" crdump -t "$pid" -D images --source="$source" "$@" </dev/null
}

# Who waits for a restored program has nothing to do with the pipe that the test reads.
restore() {
	timeout "$limit" crrestore -d -D images </dev/null >said 2>&1 || {
		cat said
		return 1
	}
}

# round_trip NAME: three checks. What the program must have got to before is the caller's to see to.
round_trip() {
	locks=$(locks_of)
	check "$source: $1 is dumped" dump
	# It is this shell's child.
	wait "$pid" 2>/dev/null
	check "$source: $1 is gone" until_so is_gone
	check "$source: $1 is restored" restore
}

# keeps_locks NAME: one check, after round_trip, for a program that has locks.
keeps_locks() {
	is "$source: $1 has its locks" "$(locks_of)" "${locks:-some}"
}
