#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Threads that wait for locks keep their order when crdump lets them go on, too.
# needs: cpus

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=judge.sh
. "$(dirname "$0")/judge.sh"

# goes_on OPTION...: the fixture finds all as it was after crdump.
goes_on() {
	start_fixture lock-order
	until_says 'ready ' || return
	timeout "$limit" crdump -t "$pid" "$@" </dev/null >"$dir/said" 2>&1 || return
	: >"$dir/files/go"
	until_says 'done' && ! says 'not ok'
}

# try NAME OPTION...
try() {
	local status

	goes_on "${@:2}"
	status=$?
	report "$status" "$1"
	((status == 0)) || explain | sed 's/^/# /'
	end_fixtures
	rm -rf "$dir"
}

plan 4
try "after a dump" -D "$work/running" --leave-running
is "of which the image has the queues" "$(crlock show --json "$work/running" |
	python3 -c 'import json, sys; print(*(len(queue) for queue in json.load(sys.stdin)["queues"]))')" "4 4 4 4 4 4"
try "after a dump of the locks alone" -D "$work/locks" --locks-only
try "after a check" --check
finish
