#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Requests that wait are joined to the lock that they wait for.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

cd "$work" || exit
plan 28

# The waiters of a file as PID, type and level.
waiters() {
	json '[(w["pid"], w["type"], w["depth"]) for x in l for w in x["waiters"]]' --file "$@"
}

# no_waiters FILE...
no_waiters() {
	[[ $(waiters "$@") == '[]' ]]
}

# ofd_waits: whether one waits that has no pid.
ofd_waits() {
	waits -1
}

# as_nobody COMMAND...: as one who may ask the module, but trace nobody.
as_nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=+checkpoint_restore \
		--ambient-caps=+checkpoint_restore "$@"
}

# ofd_waiters NR: whether so many do.
ofd_waiters() {
	[[ $(grep -cE -- "-> OFDLCK" /proc/locks) == "$1" ]]
}

for source in kmod proc; do
	background pid hold flock:w:flock posix:w:0-9:posix posix:r:20-29:posix ofd:w:0-9:ofd
	background first waiter flock:w:flock
	until_true waits "$first"
	is "$source: flock" "$(cell WAITERS --file flock --source="$source" | sed 's/ *$//')" "$first(waiter) WRITE"
	is "$source: in JSON" "$(json 'l[0]["waiters"]' --file flock --source="$source")" \
		"[{'pid': $first, 'command': 'waiter', 'kind': 'FLOCK', 'type': 'WRITE', 'start': 0, 'end': 'EOF', 'breaker': False, 'depth': 1}]"
	kill -KILL "$first"

	# The second is in the way of the first, so that it waits for that.
	background first waiter posix:w:5-5:posix
	until_true waits "$first"
	background second waiter posix:w:0-9:posix
	until_true waits "$second"
	background other waiter posix:w:25-25:posix
	until_true waits "$other"
	is "$source: POSIX, in two levels, each at its range" \
		"$(json 'sorted((x["start"], [(w["pid"], w["start"], w["depth"]) for w in x["waiters"]]) for x in l)' --file posix --source="$source")" \
		"[(0, [($first, 5, 1), ($second, 0, 2)]), (20, [($other, 25, 1)])]"
	is "$source: how many" "$(crlock ls --raw --noheadings --output START,NWAITERS --file posix --source="$source" | sort)" \
		"0 2
20 1"
	like "$source: the table names all" "$(cell WAITERS --file posix --source="$source")" \
		"$first\(waiter\) WRITE,$second\(waiter\) WRITE"
	kill -KILL "$first" "$second" "$other"

	# Who waits for the lock of a description has no pid in /proc/locks, but is in a system call.
	background first waiter ofd:w:0-0:ofd
	until_true ofd_waits
	is "$source: OFD" "$(cell WAITERS --file ofd --source="$source" | sed 's/ *$//')" "$first(waiter) WRITE"
	is "$source: in JSON" "$(waiters ofd --source="$source")" "[($first, 'WRITE', 1)]"
	is "$source: to who may not trace it, it is unknown" \
		"$(as_nobody crlock ls --source="$source" --noheadings --output WAITERS --kind ofd 2>/dev/null | sed 's/ *$//')" "? WRITE"
	# Other ranges, one to the end; the process that was there first asks last.
	background third hold --then ofd:r:5-9:ofd
	# shellcheck disable=SC2154
	third_input=$background_in
	background second waiter ofd:r:3-9223372036854775807:ofd
	until_true ofd_waiters 2
	echo >&"$third_input"
	until_true ofd_waiters 3
	is "$source: several, each at its range" \
		"$(json 'sorted((w["start"], w["end"], w["pid"]) for x in l for w in x["waiters"])' --file ofd --source="$source")" \
		"$(printf "[(0, 0, %d), (3, 'EOF', %d), (5, 9, %d)]" "$first" "$second" "$third")"
	kill -KILL "$first" "$second" "$third"
	# Of one kind that waits for the other.
	background first waiter posix:r:0-0:ofd
	until_true waits "$first"
	is "$source: POSIX that waits for OFD" \
		"$(json '[(x["kind"], w["kind"]) for x in l for w in x["waiters"]]' --file ofd --source="$source")" \
		"[('OFD', 'POSIX')]"
	kill -KILL "$first"
	check "$source: none is left" until_true no_waiters ofd --source="$source"
	kill -KILL "$pid"
done

# Many locks that look the same: the waiter is at the one that it waits for.
background pid hold flock:r:many flock:r:many flock:r:many flock:r:many
background first waiter flock:w:many
until_true waits "$first"
is "of several that look the same, one is waited for" \
	"$(json 'sorted(x["nwaiters"] for x in l)' --file many)" "[0, 0, 0, 1]"
is "it is the one of which the kernel says so" \
	"$(json '[x["rank"] for x in l if x["waiters"]]' --file many)" "[0]"
kill -KILL "$first" "$pid"

# A lock is not wanted, so that who waits for it is not either.
background pid hold flock:w:a posix:w:0-9:b
background first waiter flock:w:a
until_true waits "$first"
is "who waits for what is filtered out is not shown" \
	"$(json '[x["waiters"] for x in l]' --kind posix) $(json '[x["waiters"] for x in l]' --kind posix --source=proc)" "[[]] [[]]"
is "without the column nobody asks" "$(crlock ls --noheadings --raw --output KIND --file a)" FLOCK
is "the process that holds it is one of the tree" "$(cell HOLDERS --file a | tr -d ' ')" "$pid:3"
is "and the waiter is not" "$(crlock ls --noheadings --pid "$first" | wc -l)" 0
kill -KILL "$first"
finish
