#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A program with 2 GiB of memory, of which it has touched a part.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

readonly mib=$((1 << 20))

# Says how many KiB it took at most, its children with it.
readonly peak='
import os, sys
status = os.spawnvp(os.P_WAIT, sys.argv[1], sys.argv[1:])
import resource
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)'

dump() {
	timeout "$limit" "$python" -c "$peak" crdump -t "$pid" -D images --source="$source" \
		</dev/null >kib
}

# What it has written, and the rest of it: libraries, stacks.
has_pages_for() {
	local size

	size=$(cat images/pages-*.img | wc -c)
	echo "$size bytes"
	((size >= $1 && size < $1 + 8 * mib))
}

is_below() {
	echo "$1 KiB"
	(($1 < $2))
}

plan $((7 * ${#sources[@]}))
for source in "${sources[@]}"; do
	use "$source"
	fresh
	start /dev/null sparse 2048 200
	check "$source: a program takes 2 GiB and writes to 200 MiB" until_so grep -qx ready out
	round_trip 'a program of 2 GiB'
	check "$source: images have pages for what it has written" has_pages_for $((200 * mib))
	check "$source: crdump has taken less than 64 MiB" is_below "$(<kib)" $((64 << 10))
	touch go
	check "$source: memory is as it was, and what was not there is not" until_so grep -qx 'all well' out
	end_members
done
finish
