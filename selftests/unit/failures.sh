#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A sample of `make check-failures`, on this machine: an emulated one takes twenty times as long for each point.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# sample TEST COLUMN [POINTS]
sample() {
	local output

	if ((EUID)); then
		skip "$2" "needs root"
		return
	fi
	output=$(CRLOCK_FAILURES_POINTS=${3:-24} CRLOCK_FAILURES_COLUMNS=$2 "$root/selftests/failures/$1" 2>&1)
	report $? "$2"
	grep '^# ' <<<"$output"
}

plan 7
sample dump "dump, proc"
sample dump "dump of locks, proc"
# Each of these has a new target wherever it succeeds.
sample dump "dump and kill" 24
sample dump "dump, holding locks" 8
sample dump "dump to a stream" 8
sample restore restore
sample restore "restore of locks" 48
finish
