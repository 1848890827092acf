#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Fixtures, without being dumped: each finds its own state, and each check fails when what it is to find was
# never there.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=judge.sh
. "$(dirname "$0")/judge.sh"

# run_fixture NAME [ARGUMENT...]
run_fixture() {
	start_fixture "$@"
	until_says 'ready ' || return
	: >"$dir/files/go"
	until_says 'done'
}

finds_its_state() {
	run_fixture "$1"
	says 'done' && ! says 'not ok'
}

misses() {
	run_fixture "$1" --without "$2"
	says "not ok $2: "
}

# try NAME COMMAND...
try() {
	local name=$1

	shift
	if "$@"; then
		report 0 "$name"
	else
		report 1 "$name"
		sed 's/^/# /' "$dir/files/status"
	fi
	end_fixtures
	rm -rf "$dir"
}

items=()
for fixture in "$programs"/*; do
	# shellcheck disable=SC2053
	[[ -x $fixture && ${fixture##*/} == ${CRLOCK_JUDGE_FIXTURES-*} ]] || continue
	items+=("${fixture##*/} ")
	while read -r item; do
		items+=("${fixture##*/} $item")
	done < <("$fixture" --items)
done
plan "${#items[@]}"
for item in "${items[@]}"; do
	if [[ ${item#* } ]]; then
		try "${item%% *} misses: ${item#* }" misses "${item%% *}" "${item#* }"
	else
		try "${item%% *} finds what it has set up" finds_its_state "${item%% *}"
	fi
done
finish
