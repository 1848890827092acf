#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Bad input: one line that names the thing, the exit status of the manual, and nothing changed.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

# refused NAME PATTERN ARGUMENT...
refused() {
	local name=$1 pattern=$2

	shift 2
	status crrestore "$@"
	like "$name" "$status $said" "^$pattern"
	is "$name: one line" "$(wc -l <<<"$said")" 1
}

cd "$work" || exit
plan 79
hold_and_dump flock:w:"$work/a" posix:w:0-9:"$work/b"
kill_holder

refused "no --locks-only" "2 crrestore: true goes with --locks-only" -D image -- true
refused "a word before the options" "2 crrestore: restore goes with --locks-only" restore -D image
refused "no directory" "2 crrestore: -D DIR is missing" --locks-only -- true
refused "neither pid nor command" "2 crrestore: there is neither" --locks-only -D image
refused "both" "2 crrestore: true: " --locks-only -D image --pid 1 -- true
refused "no pid" "2 crrestore: --pid: 1x: " --locks-only -D image --pid 1x
refused "pid too large" "2 crrestore: --pid: 99999999999: " --locks-only -D image --pid 99999999999
refused "no action" "2 crrestore: --on-conflict: sometimes: " --locks-only -D image --on-conflict sometimes -- true
refused "no seconds" "2 crrestore: --on-conflict: -1: " --locks-only -D image --on-conflict wait:-1 -- true
refused "no tasks" "2 crrestore: --task: 1,,2: " --locks-only -D image --task 1,,2 -- true
refused "no such task" "2 crrestore: --task: 1: is no process of image" --locks-only -D image --task 1 -- true
refused "unknown option" "2 crrestore: --frob: no such option" --frob
refused "no such directory" "4 crrestore: nowhere" --locks-only -D nowhere -- true
mkdir empty
refused "no checkpoint" "4 crrestore: empty" --locks-only -D empty -- true

for image in inventory crlock filelocks; do
	[[ -e image/$image.img ]] || continue
	cp -a image cut
	truncate -s -1 "cut/$image.img"
	refused "$image.img is truncated" "4 crrestore: .*$image.img" --locks-only -D cut -- true
	truncate -s 3 "cut/$image.img"
	refused "$image.img is cut to 3 bytes" "4 crrestore: .*$image.img" --locks-only -D cut -- true
	printf 'no image at all' >"cut/$image.img"
	refused "$image.img is foreign" "4 crrestore: .*$image.img" --locks-only -D cut -- true
	rm -r cut
done

cp -a image mixed
hold_and_dump flock:w:"$work/a" posix:w:0-8:"$work/b" && kill_holder
cp image/filelocks.img mixed
refused "images of two checkpoints" "4 crrestore: mixed: filelocks.img: it is not as it was written: (its checksum is another|it is longer|it is truncated)" \
	--locks-only -D mixed -- true
refused "and --no-verify" "4 crrestore: mixed/filelocks.img.* does not agree with crlock.img" --no-verify \
	--locks-only -D mixed -- true
hold_and_dump flock:w:"$work/a" posix:w:0-9:"$work/b" && kill_holder

refused "no command" "127 crrestore: ./nothing: No such file" --locks-only -D image -- ./nothing
refused "command that cannot be run" "126 crrestore: ./a: Permission denied" --locks-only -D image -- ./a

mv a a.old
refused "file is gone" "1 crrestore: $work/a: No such file" --locks-only -D image -- true
: >a
refused "file is another" "1 crrestore: $work/a: is not the file that it was" --locks-only -D image -- true
rm a && mkdir a
refused "file is a directory" "1 crrestore: $work/a: is not the file that it was" --locks-only -D image -- true
is "no lock is left" "$(locks)" ""
rmdir a && mv a.old a
status crrestore --locks-only -D image -- true
is "and then it goes" "$status $said" "0 "

# A process that is to get the locks keeps what it has, whatever is wrong.
background target hold open:w:"$work/a" open:w:"$work/b" --same posix:r:50-59:x
before=$(locks "$target")
for image in inventory crlock filelocks; do
	cp -a image cut
	truncate -s -1 "cut/$image.img"
	refused "--pid, and $image.img is truncated" "4 crrestore: cut: $image.img: it is not as it was written: it is truncated" \
		--locks-only -D cut --pid "$target"
	rm -r cut
done
refused "--pid, and no checkpoint" "4 crrestore: empty: no checkpoint: there is no inventory.img" \
	--locks-only -D empty --pid "$target"
chmod 755 . image
chmod 644 image/*
status setpriv --reuid=65534 --regid=65534 --clear-groups crrestore --locks-only -D image --pid "$target"
is "another user's process" "$status $said" \
	"3 crrestore: $target: cannot be traced: Operation not permitted (it takes root, or CAP_SYS_PTRACE)"
chmod 700 image
status setpriv --reuid=65534 --regid=65534 --clear-groups crrestore --locks-only -D image --pid "$target"
like "another user's checkpoint" "$status $said" "^4 crrestore: image(/inventory.img)?: Permission denied\$"
status unshare -pf --mount-proc crrestore --locks-only -D image --pid "$target"
is "a process outside the pid namespace" "$status $said" "3 crrestore: $target: no such process"
status unshare -pf sh -c 'crrestore --locks-only -D image --pid 1'
like "/proc of another pid namespace" "$status $said" "^3 crrestore: /proc is that of another pid namespace \(mount -t proc .*\)\$"
is "it keeps its locks, and gets none" "$(locks "$target")" "$before"
like "and goes on" "$(<"/proc/$target/stat")" "\) S "
end "$target"

# Without standard error, what is said must not go into the file that has its number.
hold_and_dump flock:w:"$work/e" --fd 2 ofd:w:0-9:"$work/f"
kill_holder
crrestore --locks-only -D image -v -- ./nothing <&- >&- 2>&-
is "a command that is not there, with all closed" "$?" 127
background blocker hold ofd:w:0-9:"$work/f"
crrestore --locks-only -D image -v --on-conflict=skip -- true <&- >&- 2>&-
is "a conflict, with all closed" "$?" 0
is "nothing was written into the files" "$(cat e f)" ""
end "$blocker"

finish
