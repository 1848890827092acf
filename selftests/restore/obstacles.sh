#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What keeps a checkpoint of whole processes from being restored: one line that names it, no process, no lock and no
# changed image left behind; and crrestore --check says the same before.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
cd "$work" || exit

plan 140

# A program of our own, for its build id to be changed, reads a file with a lock that it holds.
cp "$(type -P sleep)" program
echo something >data
setsid flock lock "$work/program" 1000 <data >/dev/null 2>&1 &
disown $!
pid=$!
is_locked() {
	! flock -n lock true
}
runs_program() {
	pgrep -x program >/dev/null
}
until_true is_locked
until_true runs_program
child=$(pgrep -x program)
background_pids+=("$pid" "$child")

# left: what a restore that failed must not have left.
left() {
	is_locked && echo "the lock is held"
	runs_program && echo "the program runs"
	is_gone || echo "process $pid is there"
	sha256sum image/* | diff sums - | grep '^[<>]'
}

# fails NAME STATUS PATTERN [CHECKS-PATTERN]: what is in the way is said in one line, nothing is left, and --check
# has found it before. With $options.
options=()
fails() {
	local name=$1 wanted=$2 pattern=$3 found

	found=$(timeout 60 crrestore "${options[@]}" --check -D image 2>&1)
	like "$name: --check says so" "$found" "${4-$pattern}"
	status crrestore "${options[@]}" -d -D image
	like "$name: a restore says so" "$status $said" "^$wanted crrestore: [^
]*${pattern}[^
]*\$"
	is "$name: nothing is left" "$(left)" "${left_over-}"
}

# change FILE SCRIPT: runs Python on its bytes, in `data`, with records.py; the file is put back by put_back.
change() {
	cp -p "$1" kept
	changed=$1
	PYTHONPATH=$root/selftests/restore python3 -B - "$1" "$2" <<-'EOF'
		import records
		import sys
		path, script = sys.argv[1:]
		with open(path, "rb") as file:
		    names = {"data": bytearray(file.read()), "change": records.change}
		exec(script, names)
		with open(path, "wb") as file:
		    file.write(names["data"])
	EOF
	sha256sum image/* >sums
}

put_back() {
	cp -p kept "$changed"
	sha256sum image/* >sums
}

check "two processes are dumped, and go on" crdump -R -t "$pid" -D image
sha256sum image/* >sums

left_over="the lock is held
the program runs
process $pid is there" fails "a pid that is taken" 1 "$pid: .*the pid is taken" "$pid"
kill -KILL "$pid" "$child"
until_true is_gone
# Its parent is another now, who need not hear of its end at once.
until_true eval '! runs_program'
until_true flock -n lock true

check "nothing is in the way" crrestore --check -D image

# Files ------------------------------------------------------------------------------------------------

mv data away
fails "a path that is gone" 1 "$work/data: .*No such file or directory" "$work/data: No such file"
mv away data
echo more >>data
fails "another size" 1 "$work/data: .*has another size than it had"
echo something >data
chmod 600 data
fails "another mode" 1 "$work/data: .*has another mode than it had"
chmod 644 data
chown 1:0 data
fails "another owner" 1 "$work/data: .*has another owner or group than it had"
chown 0:0 data
mv data away
mkdir data
fails "another kind of file" 1 "$work/data: .*is another kind of file than it was"
rmdir data
mv away data
change program 'at = data.index(b"GNU\0", data.index(b"\x04\0\0\0\x14\0\0\0\x03\0\0\0")) + 4; data[at] ^= 1'
fails "another build id" 1 "$work/program: .*has another build id than it had"
put_back
sha256sum image/* >sums

# Locks ------------------------------------------------------------------------------------------------

background holder hold flock:w:"$work/lock"
left_over="the lock is held" fails "a lock that another has" 1 "$work/lock: .*held by $holder"
kill_holder
until_true flock -n lock true

# All at once.
mv data away
background holder hold flock:w:"$work/lock"
status crrestore --check -D image
found=$(timeout 60 crrestore --check -D image 2>&1)
is "--check says all at once: how many" "$(wc -l <<<"$found")" 2
like "--check says all at once: the file" "$found" "$work/data: No such file"
like "--check says all at once: the lock" "$found" "$work/lock: .*held by $holder"
kill_holder
mv away data

# Images -----------------------------------------------------------------------------------------------

# Who writes these has no checksums; else they are what is looked at first.
options=(--no-verify)
change "image/core-$pid.img" 'at = data.index(b"\x08\x01"); data[at + 1] = 4'
fails "another architecture" 4 "core-$pid.img: .*architecture"
put_back

# What kept them in would not: a process would have more rights than it had.
change "image/core-$child.img" 'change(data, [5, 11], 2)'
fails "a seccomp filter" 1 "$child: had a seccomp filter"
put_back
change "image/core-$child.img" 'change(data, [5, 10], None)'
fails "no credentials" 1 "$child: its users, groups and capabilities are not in the images"
put_back
change "image/core-$child.img" 'change(data, [5, 10, 15], b"/usr/bin/man")'
fails "a profile of AppArmor" 1 "$child: was confined by a security module as /usr/bin/man"
put_back
change "image/ids-$child.img" 'change(data, [6], 4711)'
fails "a network namespace" 1 "$child: was in a net namespace of its own"
put_back

# It has one magic number.
change image/inventory.img 'import records
data[4:] = records.frame(records.put(bytes(data[8:]), [3], None))'
fails "namespaces of nobody knows what" 1 "$pid: was in a pid namespace, and the images do not tell in which the dump was"
put_back

# Locks are of the tree: a pid may be a stranger's by now.
background holder hold
change image/crlock.img "change(data, [2, 1], $holder)"
fails "a process that is none of the tree" 4 "crlock.img: process $holder is none of the tree"
put_back
kill_holder
change "image/core-$child.img" 'change(data, [3, 1], 2)'
fails "descriptors of a process that had ended" 4 "crlock.img: process $child has files, but had ended"
put_back
change "image/core-$child.img" 'change(data, [3, 1], 2); change(data, [3, 2], 19)'
fails "a process that had ended by what only stops" 4 "core-$child.img: .*nothing ends with status 19"
put_back
change "image/core-$child.img" 'change(data, [3, 1], 2); change(data, [3, 2], 100)'
fails "a process that had ended by no signal" 4 "core-$child.img: .*nothing ends with status 100"
put_back
# Who shows it has a copy for each descriptor.
change "image/core-$child.img" 'change(data, [3, 6], b"x" * 64)'
fails "a name that no kernel gives" 4 "core-$child.img: its name is absurdly long"
put_back
# Ids are given one after the other.
change "image/core-$child.img" 'import records
timer = records.pack([[i, 0, 1 << 23 if i == 1 else 0] for i in range(1, 11)])
change(data, [3, 7, 4], timer)'
fails "a timer with a large id" 4 "core-$child.img: timer 8388608 has too large an id"
put_back

# For each its memory would be had again.
change "image/pagemap-$child.img" "import records
with open('image/pagemap-$pid.img', 'rb') as parent:
    head = records.split(parent.read())[0]
data[8:] = b''.join(map(records.frame, [head] + records.split(data)[1:]))"
fails "pages that another has, too" 4 "pagemap-$child.img: its pages-[0-9]*.img is another's, too"
put_back

# One more than its number has bits for: it would be mapped from another file.
change "image/mm-$child.img" 'import records
def far(mapping):
    fields = {field[0]: field[2] for field in records.unpack(mapping)}
    return records.put(mapping, [4], fields[4] + (1 << 32)) if fields[7] & 0x40 else mapping
mm = records.unpack(records.split(data)[0])
mm = records.pack([[key, wire, far(value) if key == 14 else value] for key, wire, value in mm])
data[records.MAGIC_SIZE:] = records.frame(mm)'
fails "a mapping of no file" 4 "mm-$child.img: the mapping at [0-9a-f]+ is of no file"
put_back

# In place of these it would have what crrestore has.
change "image/fs-$child.img" 'change(data, [2], 9999)'
fails "no root directory" 4 "fs-$child.img: its root directory is no file of the images"
put_back
change "image/fs-$child.img" 'change(data, [1], 9999)'
fails "no working directory" 4 "fs-$child.img: its working directory is no file of the images"
put_back
change "image/mm-$child.img" 'change(data, [12], 9999)'
fails "no program" 4 "mm-$child.img: its program is no file of the images"
put_back
change image/pstree.img 'import records
parent, child = records.split(data)
data[8:] = records.frame(parent) + records.frame(records.put(child, [4], 4242))'
fails "a session that nobody began" 1 "process $child was in a session of others \(4242\)"
put_back

# Other programs' checkpoints have other images in its place.
mv image/files.img away
sha256sum image/* >sums
fails "no files" 4 "a descriptor is of a file that is not recorded"
mv away image/files.img
options=()
for image in pstree core-"$pid" mm-"$child" pagemap-"$child" files fdinfo-2 filelocks inventory; do
	mv "image/$image.img" away
	sha256sum image/* >sums
	fails "$image is missing" 4 "$image.img"
	mv away "image/$image.img"
	change "image/$image.img" 'del data[len(data) // 2 + 1:]'
	fails "$image is cut off" 4 "$image.img"
	put_back
done
change "image/pages-1.img" 'del data[4096:]'
fails "pages are missing" 4 "pages-1.img"
put_back

check "and in the end it can be restored" crrestore -d -D image
check "with its lock" is_locked
kill -KILL "$pid" "$child"
until_true is_gone
until_true eval '! runs_program'
until_true flock -n lock true

# Which crrestore raises for itself.
limit() {
	grep '^Max open files' "/proc/$1/limits"
}
ulimit -Sn 1000
change "image/core-$child.img" 'change(data, [3, 8], None)'
crrestore --no-verify -d -D image
is "without limits in the images they are those of who restores" "$(limit "$child")" "$(limit $$)"
kill -KILL "$pid" "$child"
finish
