#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Locks of every kind are dumped, and held by another process afterwards, in the same state.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

# trip NAME WORD...
trip() {
	local name=$1 before

	shift
	if ! hold_and_dump "$@"; then
		report 1 "$name"
		return
	fi
	before=$(locks "$holder")
	kill_holder
	# Without options.
	# shellcheck disable=SC2119
	restore || printf '# not restored\n'
	is "$name" "$(locks "$restored")" "$before"
	end "$restored"
}

# seconds_left COLUMN: of the one lease.
seconds_left() {
	crlock ls --noheadings --raw --kind lease --output "$1,PATH" | grep -F "$work/" | sed 's/[.s].*//'
}

cd "$work" || exit
plan 21
trip "flock, shared" flock:r:"$work/a"
trip "flock, exclusive" flock:w:"$work/a"
trip "flock on duplicates" flock:w:"$work/a" --fd 40 --dup 41 --dup 5
trip "POSIX ranges" posix:r:0-9:"$work/a" posix:w:20-29:"$work/b" posix:w:100-:"$work/c"
trip "several POSIX ranges by one descriptor" posix:w:0-9:"$work/a" --same posix:r:10-19:x \
	--same posix:w:30-:x
trip "POSIX ranges of a file that is open twice" posix:w:0-9:"$work/a" posix:w:20-29:"$work/a"
trip "OFD ranges" ofd:r:0-9:"$work/a" ofd:w:20-29:"$work/a" ofd:w:100-:"$work/b"
trip "flock and OFD on one description" flock:w:"$work/a" --same ofd:w:7-7:x
trip "read lease" lease:r:"$work/l"
trip "write lease" lease:w:"$work/l"
trip "READ>UNLCK" lease:r:"$work/l" --break w
trip "WRITE>READ" lease:w:"$work/l" --break r
trip "WRITE>UNLCK" lease:w:"$work/l" --break w
trip "WRITE>READ and then >UNLCK" lease:w:"$work/l" --break r --break w
trip "two read leases that break" lease:r:"$work/l" lease:r:"$work/l" --break w
trip "all kinds at once" flock:w:"$work/a" posix:w:0-9:"$work/b" ofd:w:0-9:"$work/c" \
	lease:w:"$work/l" --break r lease:r:"$work/m"
trip "a lock on standard error's number" flock:w:"$work/a" --fd 2 posix:w:5-6:"$work/b"

# Whoever likes may lock that file.
somebody_has_it() {
	! flock -n "$break_time_file" true
}
flock "$break_time_file" sleep 1000 </dev/null >/dev/null 2>&1 &
background_pids+=($!)
until_true somebody_has_it
old_time=$(<"$break_time_file")
echo 300 >"$break_time_file"
hold_and_dump lease:w:"$work/l" --break r
echo 45 >"$break_time_file"
kill_holder
# shellcheck disable=SC2119
restore
left=$(seconds_left DOWNGRADE)
check "a deadline is that which was left" test "${left:-0}" -gt 200 -a "${left:-0}" -le 301
is "the system's lease-break-time is as before" "$(<"$break_time_file")" 45
end "$restored"

# Whoever is killed before it has written it back.
breaks_for() {
	[[ $(<"$break_time_file") == "$1" ]]
}
inject calls crrestore --locks-only -D image -- true
said=''
mapfile -t writes < <(grep '^0:18:' calls)
for call in "${writes[@]}"; do
	inject reached "$call=kill" crrestore --locks-only -D image -- true
	said+="$? "
	until_true breaks_for 45 || echo 45 >"$break_time_file"
done
is "it is written, and written back by who outlives crrestore" "$said" "137 137 "
echo "$old_time" >"$break_time_file"

# The number in the file's position.
printf 'some text' >"$work/a"
exec {in}<"$work/a"
hold_and_dump flock:w:"$work/a" --fd 7
kill_holder
status crrestore --locks-only -D image -- sh -c 'cat <&7'
is "the command reads from the descriptor" "$said" "some text"
exec {in}<&-
finish
