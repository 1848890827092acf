#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What two kernels have said becomes a verdict.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

plan 20
cd "$work" || exit

# said FILE LINE...: what a guest has printed.
said() {
	{
		printf '# begun on 6.12.1-crlock\n'
		printf '%s\n' "${@:2}"
		printf '# ended\n'
	} >"$1"
}

# found ROW RULE TIMES LINE
found() {
	printf '# report {"row": "%s", "rule": "%s", "limit": false, "times": %d, "lines": ["%s"]}' "$@"
}

# judged NAME STATUS PATTERN: the verdict's status, and what its lines must have.
judged() {
	local out status

	out=$("$root/selftests/kernel/verdict.py" --json json base patched 2>&1)
	status=$?
	is "$1: status" "$status" "$2"
	like "$1" "$out" "$3"
}

of() {
	python3 -c 'import json, sys; print(eval(sys.argv[1], {"d": json.load(open("json"))}))' "$1"
}

row=$(found a row 0 '')
said base "$row" "$(found a locks-type 1 'is READ')"
said patched "$row" "$(found a locks-type 1 'is WRITE')"
judged "one fault each" 0 "# a: locks-type is broken in both"$'\n'"#   is WRITE"$'\n'"ok 1 a: same"$'\n'
is "the kernel is named" "$(of 'd["kernel"]')" 6.12.1-crlock

said patched "$row"
judged "a fault less" 0 "ok 1 a: better"$'\n'".*ok 2 rule locks-type: better"

said base "$row"
said patched "$row" "$(found a locks-type 2 'is WRITE')"
judged "a fault more" 1 "#   nothing   \| is WRITE"$'\n'"not ok 1 a: worse"
is "in JSON" "$(of '[x for x in d["rows"] if x["verdict"] != "same"]')" \
	"[{'row': 'a', 'rule': 'locks-type', 'limit': False, 'verdict': 'worse', 'base': '', 'patched': 'is WRITE'}]"

# limit ROW RULE TIMES
limit() {
	printf '# report {"row": "%s", "rule": "%s", "limit": true, "times": %d, "lines": []}' "$@"
}
said base "$row" "$(limit a held-type 2)"
said patched "$row" "$(limit a held-type 1)"
judged "what is told now" 0 "ok 1 a: better"$'\n'".*ok 2 rule held-type: better"
said patched "$row" "$(limit a held-type 1)" "$(found a locks-missing 1 'is gone')"
judged "what is not told, since the line is gone" 1 "not ok 1 a: worse"$'\n'".*ok 2 rule held-type: same"

said base "$row"
said patched
judged "a row that was not tried" 1 "was not tried"$'\n'"not ok 1 a: worse"

said base "$row" "    ok 1 it is so" "    ok 2 # SKIP not here" "ok 1 crlock/ls.sh # 3 s"
said patched "$row" "    not ok 1 it is so" "    ok 2 # SKIP not here" "not ok 1 crlock/ls.sh # 3 s"
judged "a test that fails" 1 "not ok 2 crlock/ls.sh: worse"

said base "$row"
said patched "$row" "# splat WARNING: CPU: 0 PID: 1 at fs/locks.c:1"
cp patched base
judged "a bug in the log, of both kernels even" 1 "1\.\.4"
sed -i '/^# ended/d' patched
said base "$row"
judged "a guest that did not come to its end" 1 "the guest: end is worse"
finish
