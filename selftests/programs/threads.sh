#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 64 threads that hand a turn round, with mutexes and condition variables; each has a POSIX lock.
# needs: cpus

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

plan $((8 * ${#sources[@]}))
for source in "${sources[@]}"; do
	use "$source"
	fresh
	start /dev/null turns table
	check "$source: threads take turns" until_so has_lines out 20
	is "$source: each has its lock" "$(locks_of | wc -l)" 64
	round_trip 'a program of 64 threads'
	keeps_locks 'a program of 64 threads'
	check "$source: threads take turns on" goes_on out
	touch stop
	check "$source: threads end as they like, each with its share" until_so grep -qx 'all well' out
	end_members
done
finish
