#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Fixtures, without being dumped: each finds its own state, and each check fails when what it is to find was
# never there.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=judge.sh
. "$(dirname "$0")/judge.sh"

# try NAME FIXTURE [ITEM]: without ITEM its check must fail; with all, none may.
try() {
	local reason status

	start_fixture "$2" ${3:+--without "$3"}
	until_says 'ready ' && : >"$dir/files/dumped" && : >"$dir/files/go" && until_says 'done'
	if [[ ${3-} ]]; then
		says "not ok $3: " || says "skip $3: "
	else
		says 'done' && ! says 'not ok'
	fi
	status=$?
	reason=$(sed -n 's/^skip [^:]*: //p' "$dir/files/status")
	if ((status == 0)) && [[ ${3-} && $reason ]]; then
		skip "$1" "$reason"
	else
		report "$status" "$1"
		((status == 0)) || grep -v '^ok' "$dir/files/status" | sed 's/^/# /'
	fi
	end_fixtures
	rm -rf "$dir"
}

# Nothing is dumped: waits need not be long enough for that.
export FIXTURE_BRIEF=1

items=()
for fixture in "$programs"/*; do
	# shellcheck disable=SC2053
	[[ -x $fixture && ${fixture##*/} == ${CRLOCK_JUDGE_FIXTURES-tree-*} ]] || continue
	items+=("${fixture##*/} ")
	while read -r item; do
		items+=("${fixture##*/} $item")
	done < <("$fixture" --items)
done
plan "${#items[@]}"
for item in "${items[@]}"; do
	if [[ ${item#* } ]]; then
		try "${item%% *} misses: ${item#* }" "${item%% *}" "${item#* }"
	else
		try "${item%% *} finds what it has set up" "${item%% *}"
	fi
done
finish
