#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A module of another ABI: whoever needs the module names the mismatch, whoever can do without goes on.
# needs: nomodule

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit

plan 24

readonly mismatch='module crlock [0-9.]+ has ABI 4711, this program knows 1 \(load the one of this version\)'

# run STATUS COMMAND...: succeeds if it exits so; $work/out and $work/said have what it prints.
run() {
	local wanted=$1 status

	shift
	timeout 60 "$@" >out 2>said
	status=$?
	((status == wanted)) || {
		echo "status $status of $*:"
		cat out said
		return 1
	}
}

# said PATTERN: one line, which matches.
said() {
	if (($(wc -l <said) != 1)) || ! grep -qE "^$1\$" said; then
		cat said
		return 1
	fi
}

says_nothing() {
	[[ ! -s said ]] || {
		cat said
		return 1
	}
}

# json EXPRESSION: what a Python expression makes of d, which is in $work/out.
json() {
	/usr/bin/python3 -c "import json; d = json.load(open('out')); print($1)"
}

goes_on() {
	grep -qE '^State:	[SR]' "/proc/$1/status" && grep -qx 'TracerPid:	0' "/proc/$1/status"
}

# Not through clean_up alone: it would be there for the next test.
trap 'rmmod crlock; clean_up' EXIT
check "the module loads" insmod "$build/kmod-foreign-$(uname -r)/crlock.ko"
background pid hold flock:w:file ofd:r:5-9:file

check "crlock info tells of it, and fails" run 4 crlock info
check "with its ABI" grep -qE '^ABI: +4711$' out
check "and names the mismatch in one line" said "crlock: $mismatch"
check "so it does as JSON" run 4 crlock info --json
is "with the ABI" "$(json 'd["abi"]')" 4711
check "and names the mismatch" said "crlock: $mismatch"

check "crlock ls that is to read the module fails" run 4 crlock ls --source=kmod
check "names the mismatch in one line" said "crlock: $mismatch"
check "and lists nothing" test ! -s out
check "crlock ls that may choose reads /proc" run 0 crlock ls --json --pid "$pid"
is "lists the locks" "$(json 'sorted(x["kind"] for x in d["locks"])')" "['FLOCK', 'OFD']"
check "and says once why it did not read the module" \
	said "crlock: $mismatch: /proc does not tell .*"
check "crlock ls that is to read /proc does" run 0 crlock ls --source=proc --pid "$pid"
check "and has nothing to say" says_nothing

check "crdump that is to read the module fails" \
	run 5 crdump --locks-only --source=kmod -t "$pid" -D kmod
check "names the mismatch in one line" said "crdump: $mismatch"
check "leaves no directory" test ! -e kmod
check "and its target goes on" goes_on "$pid"
check "crdump that may choose reads /proc" run 0 crdump --locks-only -t "$pid" -D auto
check "says once why it did not read the module" \
	said "crdump: $mismatch: /proc does not tell .*"
check "and makes a checkpoint" crit show auto/inventory.img
check "of which the target knows nothing" goes_on "$pid"
end_background
check "the module can be unloaded" rmmod crlock
trap clean_up EXIT
finish
