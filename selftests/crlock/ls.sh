#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# crlock ls: the table, its columns, the other forms of output, and the filters.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

cd "$work" || exit
mapfile -t columns < <(crlock ls --list-columns | cut -d ' ' -f 1)
plan $((38 + 3 * ${#columns[@]}))

keep_leases
# A lease that is being broken twice, with a waiter, has something in every column.
background pid hold flock:w:flock --child posix:w:5-9:posix ofd:r:100-:ofd lease:w:lease --break r --break w
background breaker breaker r lease
child=$(pgrep -P "$pid" -x hold)

run crlock ls
is "it works and says nothing" "$status $said" "0 "
like "the table begins with its columns" "$(head -n 1 <<<"$out")" \
	'^COMMAND +PID KIND +STATE +START +END HOLDERS +WAITERS +PATH$'
like "flock" "$out" "hold +$pid FLOCK WRITE +0 +EOF $pid:3,$child:3 +$work/flock"
like "POSIX" "$out" "hold +$pid POSIX WRITE +5 +9 $pid:4 +$work/posix"
like "OFD" "$out" "hold +$pid OFD +READ +100 +EOF $pid:6 +$work/ofd"
like "lease" "$out" \
	"hold +$pid LEASE WRITE>READ [0-9]+\.[0-9]s>UNLCK [0-9]+\.[0-9]s +0 +EOF $pid:7 +$breaker\(breaker\) open for READ +$work/lease"

# Columns -------------------------------------------------------------------------------------------

is "there are columns" "$((${#columns[@]} > 20))" 1
for column in "${columns[@]}"; do
	source=kmod
	# The module knows everything, so that nothing is unknown with it.
	[[ $column != UNKNOWN ]] || source=proc
	is "$column is the heading of its column" \
		"$(crlock ls --source="$source" --output "$column" --file lease | head -n 1 | tr -d ' ')" "$column"
	like "$column has something to show" "$(cell "$column" --source="$source" --file lease)" '^ *[^-? ]'
	like "$column in JSON too" "$(crlock ls --source="$source" --json --output "${column,,}" --file lease |
		/usr/bin/python3 -c 'import json, sys; print(*json.load(sys.stdin)["locks"][0].items())')" \
		"^\('[a-z_]+', [^N]"
done
is "all of them at once" "$(crlock ls --output-all --raw | head -n 1)" "${columns[*]}"
is "some, in any order, one twice" "$(crlock ls --raw --output kind,PID,Kind --file flock)" \
	"KIND PID KIND
FLOCK $pid FLOCK"
is "some more than the usual ones" "$(crlock ls --raw --output +RANK,NHOLDERS --file flock)" \
	"COMMAND PID KIND STATE START END HOLDERS WAITERS PATH RANK NHOLDERS
hold $pid FLOCK WRITE 0 EOF $pid:3,$child:3 - $work/flock 0 2"

is "the device is that of the file" "$(cell DEV --file flock | tr -d ' ')" "$(stat -c '%Hd:%Ld' flock)"
is "so is the inode" "$(cell INODE --file flock | tr -d ' ')" "$(stat -c %i flock)"
is "so is the mount" "$(cell MNT --file flock | tr -d ' ')" "$(awk '/^mnt_id/ { print $2 }' "/proc/$pid/fdinfo/3")"
is "the owner of a POSIX lock is a table, of the others the description" \
	"$(json 'sorted((x["kind"], x["owner_id"] == x["file_id"], x["owner_id"] == x["holders"][0]["files_id"]) for x in l)' -p "$pid")" \
	"[('FLOCK', True, False), ('LEASE', True, False), ('OFD', True, False), ('POSIX', False, True)]"

# Forms of output -------------------------------------------------------------------------------------

is "no headings" "$(crlock ls --noheadings | wc -l)" "$(($(crlock ls | wc -l) - 1))"
is "raw: as many words in each line as there are columns" \
	"$(crlock ls --raw --output-all | awk '{ print NF }' | sort -u)" "${#columns[@]}"
is "raw: blanks in a word are escaped" "$(crlock ls --raw --noheadings --output WAITERS --file lease)" \
	"$breaker(breaker)\\x20open\\x20for\\x20READ"
check "JSON: each value has its type" /usr/bin/python3 - <(crlock ls --json --output-all) <<'END'
import json, sys

document = json.load(open(sys.argv[1]))
assert list(document) == ["source", "locks"] and document["source"] == "kmod", document
integers = ("pid", "start", "inode", "generation", "mnt_id", "rank", "flags", "nholders", "nwaiters")
words = ("command", "kind", "state", "path", "held", "target", "dev")
lists = ("holders", "waiters", "pending", "unknown")
ids = ("id", "file_id", "owner_id", "mount_id")
descriptor = {"kind": str, "pid": int, "tid": int, "command": str, "fd": int, "cloexec": bool, "files_id": str}
waiter = {"pid": int, "command": str, "kind": str, "type": str, "start": int, "end": (int, str),
          "breaker": bool, "depth": int}
notice = {"pid": int, "type": str, "signal": int, "uid": int, "euid": int}


def has(value, types):
    assert list(value) == list(types), value
    for name, wanted in types.items():
        assert isinstance(value[name], wanted), (name, value)


assert len(document["locks"]) >= 4
for lock in document["locks"]:
    for names, wanted in ((integers, int), (words, str), (lists, list), (ids, str)):
        for name in names:
            assert type(lock[name]) is wanted, (name, lock)
    assert all(len(lock[name]) == 16 and int(lock[name], 16) for name in ids), lock
    assert type(lock["end"]) is int or lock["end"] == "EOF", lock
    lease = lock["kind"] == "LEASE"
    for name in ("break", "downgrade"):
        assert type(lock[name]) is (int if lease else type(None)), (name, lock)
    if lease:
        has(lock["notice"], notice)
        assert lock["pending"] == ["READ", "UNLCK"], lock
    else:
        assert lock["notice"] is None and lock["pending"] == [], lock
    for holder in lock["holders"]:
        has(holder, descriptor)
    for one in lock["waiters"]:
        has(one, waiter)
    assert lock["nholders"] == len(lock["holders"]) and lock["nwaiters"] == len(lock["waiters"]), lock
    assert lock["unknown"] == [], lock
END
is "JSON of nothing" "$(crlock ls --json --kind layout | tr -d ' \n')" '{"source":"kmod","locks":[]}'
crlock ls --raw --output ID,STATE >before
is "the order is the same each time" "$(crlock ls --raw --output ID | sum)" "$(cut -d ' ' -f 1 before | sum)"

# On a terminal of 100 columns; colours take none.
on_terminal() {
	script -qec "stty cols 100 && $*" /dev/null </dev/null | sed 's/\r//; s/\x1b\[[0-9;]*m//g'
}
is "on a terminal lines are cut to its width" "$(on_terminal crlock ls | awk 'length > 100' | wc -l)" 0
is "but not if that is not wanted" \
	"$(on_terminal crlock ls --notruncate | grep -c "$work/[a-z]*\$")" 4

# Filters -------------------------------------------------------------------------------------------

background other hold flock:r:other
kinds() {
	crlock ls --raw --noheadings --output KIND "$@" | sort | xargs
}
is "the locks of a process" "$(kinds --pid "$pid")" "FLOCK LEASE OFD POSIX"
is "of one that shares a description" "$(kinds --pid "$child")" "FLOCK"
is "of two" "$(kinds --pid "$child,$other")" "FLOCK FLOCK"
is "of two, said twice" "$(kinds -p "$child" -p "$other")" "FLOCK FLOCK"
is "of one that has none" "$(kinds --pid $$)" ""
is "of a kind" "$(kinds --kind lease)" "LEASE"
is "of kinds" "$(kinds --kind OFD,posix --kind lease)" "LEASE OFD POSIX"
is "of a file" "$(kinds --file other)" "FLOCK"
is "of a file and a process" "$(kinds --file flock --pid "$other")" ""
is "all at once" "$(kinds --file ofd --pid "$pid" --kind ofd,flock)" "OFD"

# Sources ---------------------------------------------------------------------------------------------

same=KIND,HELD,TARGET,START,END,HOLDERS,WAITERS,PATH
is "/proc tells the same of what it can tell" \
	"$(crlock ls --raw --source=proc --output "$same" | grep -v LEASE | sort)" \
	"$(crlock ls --raw --source=kmod --output "$same" | grep -v LEASE | sort)"
is "auto takes the module" "$(json 'd["source"]' --source=auto)" kmod

# Holders without a descriptor --------------------------------------------------------------------------

background pid hold flock:w:mapped --map flock:w:flying --in-flight
like "a mapping holds" "$(cell HOLDERS --file mapped)" "^ *$pid@[0-9a-f]+\(mapping\) *\$"
is "its file has a name" "$(cell PATH --file mapped)" "$work/mapped"
like "a message holds" "$(cell HOLDERS --file flying)" "^ *socket:\[[0-9]+\]\(in flight\) *\$"
like "both in JSON" "$(json '[sorted(h) for x in l for h in x["holders"]]' --file mapped) $(json '[sorted(h) for x in l for h in x["holders"]]' --file flying)" \
	"^\[\['address', 'command', 'kind', 'pid', 'tid'\]\] \[\['kind', 'socket'\]\]\$"
finish
