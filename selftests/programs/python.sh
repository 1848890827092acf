#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A Python program that computes, and logs what it has got.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

plan $((7 * ${#sources[@]}))
for source in "${sources[@]}"; do
	use "$source"
	fresh
	start /dev/null "$python" "$here/chain.py" log
	check "$source: Python computes" until_so has_lines log 20
	round_trip Python
	keeps_locks Python
	check "$source: Python computes on" goes_on log
	check "$source: Python has computed all of it" "$python" "$here/chain.py" --check log
	end_members
done
finish
