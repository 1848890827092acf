#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# crlock show says of a checkpoint what /proc said of the processes before, and of a damaged one, what is wrong.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
readonly here=$root/selftests/crlock

# start: the fixture, in a directory of its own; its process is $pid, and what /proc says of it is in the file before.
start() {
	mkdir -p files
	cd files || exit
	background pid setsid /usr/bin/python3 "$here/show_fixture.py" 2>/dev/null
	cd ..
	/usr/bin/python3 "$here/show_compare.py" record "$pid" >before
}

# show ARGUMENT...: as run, and in the file shown.
show() {
	run crlock show "$@"
	cp .out shown
}

# of EXPRESSION: what a Python expression makes of the JSON in the file shown, which is d.
of() {
	/usr/bin/python3 -c '
import json, sys
d = json.load(open("shown"))
print(eval(sys.argv[1]))' "$1"
}

# printable: nothing but lines of printable UTF-8 is in the file shown.
printable() {
	/usr/bin/python3 -c '
import sys, unicodedata
text = open("shown", "rb").read().decode("utf-8")
bad = [c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Cs", "Cn")]
sys.exit(repr(bad) if bad else 0)'
}

cd "$work" || exit
export LC_ALL=C.UTF-8
plan 86

# Whole processes --------------------------------------------------------------------------------------

start
readonly dumped=$pid
check "a tree is dumped" crdump -t "$pid" -D whole
show whole --json
is "crlock show --json" "$status $said" "0 "
check "is JSON" /usr/bin/python3 -m json.tool shown
is "in which all is as /proc had it" "$(/usr/bin/python3 "$here/show_compare.py" compare before shown)" ""
is "who wrote it" "$(of '(d["whole"], d["written_by"], d["inventory"]["img_version"])')" "(True, 'crdump', 2)"
like "from where locks were told" "$(of 'd["crlock"]')" "'source': '(kmod|proc)', 'lease_break_time': [0-9]+"
is "how a zombie ended" "$(of '[q["exit_code"] for q in d["processes"] if q["state"] == "zombie"]')" "[1792]"
is "locks" "$(of 'sorted((l["kind"], l["state"], l["start"], l["end"], l["path"], len(l["holders"])) for l in d["locks"])')" \
	"[('FLOCK', 'WRITE', 0, 'EOF', '$work/files/flocked', 2), ('POSIX', 'READ', 5, 9, '$work/files/ranges', 2)]"
is "what they are of" "$(of '{(l["locked_file"], l["path"]) for l in d["locks"]} == {(f["id"], f["path"]) for f in d["locked_files"]}')" True
is "what was in a pipe" "$(of 'bytes.fromhex(d["images"]["pipes-data"][0]["data"])')" "b'in the pipe'"
is "names that are no UTF-8, byte by byte" \
	"$(of '[bytes.fromhex(f["entry"]["reg"]["name_bytes"]).split(b"/")[-1] for f in d["files"] if "name_bytes" in f["entry"].get("reg", {})]')" \
	"[b'\\x1b]0;title\\x07\\nnew\\xff line']"
readonly pages='lambda name, perms: sorted(m["dumped"] for m in d["processes"][0]["mappings"] if (m["mapped"] or "").startswith(name) and m["perms"] == perms)'
is "how much of shared memory was dumped" "$(of "($pages)('[shared', 'rw-s')")" "[4096]"
is "of memory without a name that has one" "$(of "($pages)('memfd:memory', 'rw-s')")" "[4096]"
is "of private memory" \
	"$(of '[m["dumped"] for m in d["processes"][0]["mappings"] if m["vma"].get("madv") == 1 << 10]')" "[8192]"
is "as much as all images of pages have" "$(of 'sum({(m["mapped"], m["vma"]["shmid"]) if m["perms"][3] == "s" else (q["pid"], m["start"]): m["dumped"] for q in d["processes"] for m in q.get("mappings", []) if m["dumped"]}.values())')" \
	"$(cat whole/pages-*.img | wc -c)"
is "registers and all else that images have" \
	"$(of '(len(d["processes"][0]["threads"]), "ip" in d["processes"][0]["threads"][1]["core"]["thread_info"]["gpregs"], d["images"]["stats-dump"][0]["dump"]["pages_written"] > 0)')" \
	"(3, True, True)"

show whole
is "crlock show, for people" "$status $said" "0 "
check "prints no control that a name has" printable
like "who wrote it" "$out" "Written by: +crdump"
like "the tree" "$out" "$pid +0 +$pid +$pid alive +3 +[0-9]+ +[0-9]+ python3"
like "threads" "$out" "Threads: +$pid\(python3\), [0-9]+"
like "a child, which is set in, with its name escaped" "$out" 'alive +1 +[0-9]+ +[0-9]+   \\x1b\]0;title\\x07\\x0anew'
like "a zombie" "$out" "Ended: +with status 7"
like "users" "$out" "Credentials: uid 0, gid 0"
like "the executable" "$out" "Executable: +$(readlink -f "/usr/bin/python3")"
like "the umask" "$out" "Umask: +0027"
like "a mapping of a file" "$out" "[0-9a-f]+ +[0-9a-f]+ r-xp +[0-9a-f]+ +[0-9]+ +/.*python3"
like "advice" "$out" "rw-p +0 +8192 dontfork"
like "the stack" "$out" 'growsdown +\[stack\]'
like "a regular file" "$out" "rw,append.* REG +10 $work/files/flocked"
like "an unlinked one" "$out" "REG +0 $work/files/gone \(deleted\)"
like "a name that would do harm" "$out" 'REG +4 .*/files/\\x1b\]0;title\\x07\\x0anew\\xff line'
like "a pipe" "$out" 'PIPE +pipe:\[[0-9]+\]'
like "sockets" "$out" "UNIXSK +socket:\[[0-9]+\] stream LISTEN @crlock-show"
like "of other families" "$out" "INETSK +tcp 127.0.0.1:[0-9]+ LISTEN"
like "a counter" "$out" "EVENTFD +count 7"
like "memory that has a name" "$out" "MEMFD +0 memfd:memory"
like "a lock, with its holders" "$out" "FLOCK WRITE +0 +EOF $pid:[0-9]+,[0-9]+:[0-9]+"
like "one of a range" "$out" "POSIX READ +5 +9 +$pid:"
LC_ALL=C crlock show whole >shown
check "without UTF-8 in the locale there is but ASCII" sh -c "! grep -qP '[^\\x20-\\x7e]' shown"

# Locks only -------------------------------------------------------------------------------------------

background pid setsid hold flock:w:locked ofd:r:100-:locked
check "locks are dumped" crdump --locks-only -t "$pid" -D locks
show locks --json
is "they can be shown" "$status $said" "0 "
is "with what has them" \
	"$(of '(d["whole"], [(q["pid"], q["command"]) for q in d["processes"]], [l["kind"] for l in d["locks"]])')" \
	"(False, [($pid, 'hold')], ['FLOCK', 'OFD'])"
show locks
is "for people" "$status $said" "0 "
like "by what" "$out" "$pid +[0-9]+ hold"
like "of which file" "$out" "rw? .* $pid:[0-9]+ +$work/locked"
like "which locks" "$out" "OFD +READ +100 +EOF"

# CRIU's -------------------------------------------------------------------------------------------------

# CRIU gives up on kernels that are newer than it.
start
if criu dump -t "$pid" -D "$(mkdir -p criu && echo criu)" --file-locks -v1 -o log >/dev/null 2>&1 </dev/null; then
	show criu --json
	is "images of CRIU" "$status $said" "0 "
	is "are told from those of crdump" "$(of '(d["whole"], d["written_by"], d["crlock"])')" "(True, None, None)"
	is "and have all as /proc had it" "$(/usr/bin/python3 "$here/show_compare.py" compare before shown)" ""
	show criu
	like "locks too" "$out" "FLOCK WRITE +0 +EOF $pid:[0-9]+"
else
	for name in "images of CRIU" "are told from those of crdump" "and have all as /proc had it" "locks too"; do
		skip "$name" "CRIU does not dump it on this kernel"
	done
fi

# Damage -------------------------------------------------------------------------------------------------

# damaged NAME PATTERN COMMAND...: after the command in a copy, both forms say one line like the pattern.
damaged() {
	local name=$1 pattern=$2 form

	shift 2
	rm -rf copy
	cp -a whole copy
	(cd copy && "$@") || exit
	for form in "" --json; do
		# shellcheck disable=SC2086
		refused "$name ${form:-for people}" 4 "$pattern" crlock show copy $form
	done
}

# spoil FILE OFFSET BYTES: as printf has them.
spoil() {
	# shellcheck disable=SC2059
	printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# Of the first process.
readonly images="inventory pstree files core-$dumped mm-$dumped pagemap-$dumped ids-$dumped fs-$dumped timens-0 crlock"

# alter IMAGE COMMAND...: shows a copy in which the command was done to the one image.
alter() {
	local image=$1

	shift
	cp "whole/$image.img" "copy/$image.img"
	"$@"
	timeout 20 crlock show copy --json >out 2>said
	status=$?
	cp "whole/$image.img" "copy/$image.img"
}

each_truncated() {
	local image

	for image in $images; do
		alter "$image" truncate -s -1 "copy/$image.img"
		[[ $status == 4 && ! -s out && $(wc -l <said) == 1 && $(<said) == *"$image.img"* ]] ||
			printf '%s: %s\n' "$image" "$(<said)"
	done
}

# Any byte of any image may be another one: it is shown, or one line says what is wrong.
each_spoiled() {
	local image offset

	for image in $images; do
		for offset in 4 8 14; do
			alter "$image" spoil "copy/$image.img" "$offset" '\xff'
			[[ $status == 0 && ! -s said ]] || [[ $status == 4 && ! -s out && $(wc -l <said) == 1 ]] ||
				printf '%s %s: %s %s\n' "$image" "$offset" "$status" "$(<said)"
		done
	done
}

refused "no directory" 4 "nowhere: No such file or directory" crlock show nowhere
refused "a file" 4 "before: Not a directory" crlock show before
refused "a directory that is no checkpoint" 4 "files: no checkpoint: there is no inventory.img" crlock show files
damaged "without its processes" "copy/pstree.img: No such file or directory" rm pstree.img
damaged "with a wrong magic number" "copy/files.img: is no such image: it begins with 0xffffffff, not .*" \
	spoil files.img 0 '\xff\xff\xff\xff'
damaged "with a record of a wild size" "copy/mm-$dumped.img: .*the size of a record is absurd" \
	spoil "mm-$dumped.img" 8 '\xff\xff\xff\x7f'
damaged "with fewer pages" "copy: pages-1.img: has 0 bytes, not [0-9]+" truncate -s 0 pages-1.img
damaged "without a table of descriptors" "copy: ids-[0-9]+.img: there is no fdinfo-[0-9]+.img" sh -c 'rm fdinfo-*'
rm -rf copy
cp -a whole copy
is "each image, cut short, is named" "$(each_truncated)" ""
is "each image, with another byte, is shown or refused" "$(each_spoiled)" ""

# Words --------------------------------------------------------------------------------------------------

refused "no directory is given" 2 "no directory of a checkpoint \(--help tells more\)" crlock show
refused "two" 2 "locks: one directory at a time \(--help tells more\)" crlock show whole locks
refused "an unknown option" 2 "--frob: no such option \(--help tells more\)" crlock show whole --frob
run sh -c 'crlock show whole >/dev/full'
is "a full disk" "$status $said" "1 crlock: standard output: No space left on device"
finish
