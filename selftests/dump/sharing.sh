#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A checkpoint says of each lock whether somebody outside of the tree has it too, and who; by that it is refused.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
readonly here=$root/selftests/dump
cd "$work" || exit

plan 71

# start HOW: a process $pid that has a lock, and $outside, which has it too; see the fixture.
start() {
	rm -rf told locked locks whole
	/usr/bin/python3 "$here/sharing_fixture.py" "$1" locked told </dev/null >/dev/null 2>&1 &
	background_pids+=("$!")
	disown "$!"
	until_true test -e told
	read -r pid outside <told
	background_pids+=("$pid")
}

stop() {
	kill -KILL "$pid" "$outside"
	until_true sh -c "! kill -0 $pid && ! kill -0 $outside"
} 2>/dev/null

# dump OPTION...: what it says is in the file said.
dump() {
	timeout 60 crdump -t "$pid" "$@" </dev/null >out 2>said
}

# sharing DIR: what its only lock says, as STATE and KIND:PID:COMMAND of each outsider, and how many more.
sharing() {
	crlock show --json "$1" | /usr/bin/python3 -c '
import json, sys
[lock] = json.load(sys.stdin)["locks"]
s = lock["sharing"]
if s is None:
    print(None)
else:
    who = [":".join(str(o.get(k)) for k in ("kind", "pid", "command")) for o in s["outsiders"]]
    print(s["state"], *who, s["left_out"])'
}

# shown DIR: what people are shown of it.
shown() {
	crlock show "$1" | awk '/^COMMAND.*SHARED/ { at = index($0, "SHARED"); next } at { print substr($0, at) }'
}

# restore [OPTION...]: what it says is in the file said.
restore() {
	timeout 60 crrestore -d "$@" -D whole </dev/null >out 2>said
}

# dump_as KIND SOURCE SHARING [WHO]: refused, if it is shared, for WHO has it; and the image says SHARING.
dump_as() {
	local name="$how, $2, $1" options=(--source="$2" -D "$1")

	[[ $1 == locks ]] && options+=(--locks-only) || options+=(-R)
	if [[ $3 == shared* ]]; then
		dump "${options[@]}"
		is "$name: refused" "$?" 1
		like "$name: with who has it" "$(cat said)" "is shared outside the tree, with $4 \(--external-locks allows it\)$"
		options+=(--external-locks)
	fi
	check "$name: dumped" dump "${options[@]}"
	is "$name: the image tells" "$(sharing "$1")" "${3//OUTSIDE/$outside}"
}

# locks_of HOW SOURCE SHARING [WHO]: of locks alone.
locks_of() {
	how=$1
	start "$how"
	dump_as locks "${@:2}"
}

# case_of HOW SOURCE SHARING [WHO]: the same, and of the whole process.
case_of() {
	locks_of "$@"
	dump_as whole "${@:2}"
}

descriptor='process [0-9]+ \(python3\), as its descriptor [0-9]+'
readonly descriptor

case_of alone kmod "private 0"
is "what people see: that it is private" "$(shown whole)" private
check "crit reads it" crit show whole/filelocks.img
stop
check "it is restored" restore
is "about which there is nothing to say" "$(cat said)" ""
stop
locks_of posix kmod "private 0"
stop
locks_of table kmod "shared descriptor:OUTSIDE:python3 0" "$descriptor"
stop
case_of message kmod "shared in-flight:None:None 0" 'a message in flight to socket:\[[0-9]+\]'
like "what people see: a message" "$(shown whole)" '^socket:\[[0-9]+\]\(in flight\)$'
stop
case_of mapping kmod "shared mapping:OUTSIDE:python3 0" "process [0-9]+ \\(python3\\), by a mapping at [0-9a-f]+"
like "what people see: a mapping" "$(shown whole)" "^$outside@[0-9a-f]+\\(mapping\\)\\(python3\\)$"
stop
case_of fork kmod "shared descriptor:OUTSIDE:python3 0" "$descriptor"
like "what people see: a process" "$(shown whole)" "^$outside:[0-9]+\\(python3\\)$"
stop

# Who shared it is told when it is not shared any more.
check "it is restored" restore
like "with whom it is not shared any more" "$(cat said)" \
	"^crrestore: $work/locked: FLOCK WRITE: is no longer shared with process $outside \\(python3\\), as its descriptor [0-9]+$"
is "in one line" "$(wc -l <said)" 1
stop
crrestore --locks-only -D locks -- true >out 2>said
like "nor when locks alone are restored" "$(cat said)" \
	"^crrestore: $work/locked: FLOCK WRITE: is no longer shared with process $outside "
/usr/bin/python3 "$here/sharing_strip.py" whole/crlock.img
is "an image of before tells nothing" "$(sharing whole) $(shown whole)" "None ?"
check "and is restored" restore --no-verify
is "without a word" "$(cat said)" ""
stop

# One that the dump keeps stays shared: it is the same description.
start fork
check "a lock that is shared is kept" dump -D whole --hold-locks --external-locks
check "and restored, though the one outside has it still" restore
is "about which there is nothing to say" "$(cat said)" ""
is "both have it" "$(crlock ls -J --file locked | /usr/bin/python3 -c '
import json, sys
[lock] = json.load(sys.stdin)["locks"]
print(*sorted(holder["pid"] for holder in lock["holders"]))')" "$(printf '%s\n' "$pid" "$outside" | sort -n | xargs)"
stop

start crowd
dump --locks-only -D locks
is "all of many who share are told" "$(grep -c 'is shared outside the tree' said)" 17
like "or how many they are" "$(cat said)" "is shared outside the tree, with 5 more \(--external-locks allows it\)$"
check "they are dumped" dump --locks-only -D locks --external-locks
like "and in the image" "$(sharing locks)" "^shared (descriptor:[0-9]+:python3 ){16}5$"
stop

# Without the module what was not found may be there all the same.
rmmod crlock
locks_of alone proc "unknown 0"
is "what people see: that it is unknown" "$(shown locks)" unknown
stop
locks_of message proc "unknown 0"
stop
locks_of mapping proc "unknown 0"
stop
locks_of table proc "shared descriptor:OUTSIDE:python3 0" "$descriptor"
stop
locks_of fork auto "shared descriptor:OUTSIDE:python3 0" "$descriptor"
stop
finish
