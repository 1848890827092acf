#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Bash, in a loop with a pipeline: its parts live on, and programs come and go in each turn. All share a lock.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

# Runs in the program. The first part is ahead by what a pipe takes.
# shellcheck disable=SC2016
readonly program='
exec 9>lock
flock 9
n=0
while :; do
	((++n))
	echo "$n"
done | sed -u "s/^/turn /" | while read -r turn n; do
	sum=$(seq "$n" | sort -n | md5sum)
	echo "$turn $n $sum" >>log
done'

readonly checker='
import hashlib, sys
text = ""
for n, line in enumerate(sys.stdin.read().splitlines()[:-1], 1):
    text += "%d\n" % n
    wanted = "turn %d %s  -" % (n, hashlib.md5(text.encode()).hexdigest())
    if line != wanted:
        sys.exit("is %r\nwanted %r" % (line, wanted))'

is_locked() {
	! flock --nonblock lock true
}

counted_well() {
	"$python" -c "$checker" <log
}

plan $((8 * ${#sources[@]}))
for source in "${sources[@]}"; do
	use "$source"
	fresh
	start /dev/null bash -c "$program"
	check "$source: bash loops" until_so has_lines log 5
	round_trip bash
	keeps_locks bash
	check "$source: its lock is refused to others" is_locked
	check "$source: bash loops on" goes_on log
	check "$source: bash has left out no turn" counted_well
	end_members
done
finish
