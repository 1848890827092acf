#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Bad input of crdump: one line that names the thing, the exit status of the manual, the target and its locks as they
# were, and nothing left where the checkpoint would be.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# locks_of PID
locks_of() {
	crlock ls --noheadings --raw --source=proc --output KIND,HELD,START,END,HOLDERS,PATH --pid "$1" 2>&1
}

# untouched: the target goes on, traced by nobody, with the locks that it had.
untouched() {
	local status

	status=$(<"/proc/$target/status") && [[ $status =~ State:$'\t'[SR] && $status =~ TracerPid:$'\t0\n' ]] &&
		[[ $(locks_of "$target") == "$before" ]]
}

# refused NAME STATUS PATTERN COMMAND...
refused() {
	local name=$1 wanted=$2 pattern=$3 status

	shift 3
	timeout 60 "$@" >out 2>said </dev/null
	status=$?
	like "$name" "$status $(<said)" "^$wanted crdump: $pattern\$"
	is "$name: in one line, and nothing else" "$(wc -l <said) $(<out)" "1 "
	refusals+=("$name")
	untouched || touched+=("$name")
}

# nothing_happened: since it was called last.
nothing_happened() {
	is "the target is untouched after ${#refusals[@]} refusals" "${touched[*]}" ""
	is "and nothing is left" "$(find image* 2>/dev/null)" ""
	refusals=() touched=()
}

# In both forms: of locks alone, and of whole processes, which are killed if that succeeds.
both() {
	local name=$1 wanted=$2 pattern=$3

	shift 3
	refused "$name" "$wanted" "$pattern" crdump --locks-only "$@"
	refused "$name, whole" "$wanted" "$pattern" crdump "$@"
}


refusals=() touched=()
cd "$work" || exit
chmod 755 .
plan 111
background target setsid hold flock:w:a posix:r:5-9:b ofd:w:0-:c
before=$(locks_of "$target")
is "the target has locks" "$(wc -l <<<"$before")" 3

# Words ------------------------------------------------------------------------------------------------

readonly help='\(--help tells more\)'
both "no process" 2 "-t PID is missing $help" -D image
both "no directory" 2 "-D DIR is missing $help" -t "$target"
refused "a word that is no process" 2 "-t: '12x' is no process id $help" crdump --locks-only -t 12x -D image
refused "a process of 0" 2 "-t: '0' is no process id $help" crdump --locks-only -t 0 -D image
refused "a process that is too large" 2 "-t: '2147483648' is no process id $help" crdump --locks-only -t 2147483648 -D image
refused "an unknown source" 2 "--source: 'guess' is not auto, kmod or proc $help" crdump --locks-only -t "$target" -D image --source=guess
refused "a word too many" 2 "more: one argument too many $help" crdump --locks-only -t "$target" -D image more
refused "an unknown option" 2 "--frob: no such option $help" crdump --frob -t "$target" -D image
nothing_happened

# Processes ----------------------------------------------------------------------------------------------

both "a process that is not there" 3 "4000000: no such process" -t 4000000 -D image
background gone hold flock:w:d
kill -KILL "$gone"
until_true sh -c "! test -e /proc/$gone"
both "a process that is gone" 3 "$gone: no such process" -t "$gone" -D image
both "the process that crdump is of" 3 "[0-9]+: this is the process that would stop it" -t $$ -D image

# Which has ended, and nobody has asked how.
sh -c 'sleep 0 & exec sleep 1000' &
parent=$!
zombie_of() {
	zombie=$(pgrep -P "$parent") && grep -q '^State:	Z' "/proc/$zombie/status"
}
until_true zombie_of
both "a zombie" 3 "$zombie: is a zombie: it has ended \(its parent is to wait for it\)" -t "$zombie" -D image
kill "$parent"
nothing_happened

# Capabilities ---------------------------------------------------------------------------------------------

mkdir open
chmod 777 open
refused "another user's process" 3 "$target: cannot be traced: Operation not permitted \(it takes root, or CAP_SYS_PTRACE\)" \
	setpriv --reuid=65534 --regid=65534 --clear-groups crdump --locks-only -t "$target" -D open/image
is "nor in a directory that it could write" "$(ls open)" ""
refused "no CAP_SYS_PTRACE" 3 "$target: cannot be traced: Operation not permitted \(it takes root, or CAP_SYS_PTRACE\)" \
	setpriv --bounding-set=-sys_ptrace --inh-caps=-sys_ptrace crdump --locks-only -t "$target" -D image
nothing_happened

# pid namespaces -------------------------------------------------------------------------------------------

refused "a process outside the pid namespace" 3 "$target: no such process" \
	unshare -pf --mount-proc crdump --locks-only -t "$target" -D image
refused "/proc of another pid namespace" 3 "/proc is that of another pid namespace \(mount -t proc .*\)" \
	unshare -pf sh -c 'crdump --locks-only -t 1 -D image'
nothing_happened
mkfifo started
unshare -pf --mount-proc sh -c 'exec 3>locked; flock 3; echo started >started; exec sleep 1000' 2>/dev/null &
outside=$!
read -r <started
inside=$(pgrep -P $outside)
check "a process inside another pid namespace has a number here" crdump --locks-only -t "$inside" -D inside
is "under which it is recorded" \
	"$(crit show inside/filelocks.img | /usr/bin/python3 -c 'import json, sys; print(*(e["pid"] for e in json.load(sys.stdin)["entries"]))')" \
	"$inside"
kill -KILL "$inside"

# What a checkpoint tells -----------------------------------------------------------------------------------

mount --bind /dev/null /proc/sys/fs/lease-break-time
both "no time for breaks of leases" 1 "/proc/sys/fs/lease-break-time: it has no number" -t "$target" -D image
umount /proc/sys/fs/lease-break-time
nothing_happened

# Directories ----------------------------------------------------------------------------------------------

both "a directory in one that is not there" 4 "no/image: No such file or directory" -t "$target" -D no/image
both "a file" 4 "a: Not a directory" -t "$target" -D a
ln -s loop loop
both "a loop of links" 4 "loop: Too many levels of symbolic links" -t "$target" -D loop
mkdir read-only
mount -t tmpfs -o ro none read-only
both "a filesystem that is only read" 4 "read-only/image: Read-only file system" -t "$target" -D read-only/image
umount read-only

mkdir full
mount -t tmpfs -o size=16k none full
mkdir full/mine
head -c 12k /dev/zero >full/mine/rest 2>/dev/null
both "a full disk" 4 "full/image: .*No space left on device" -t "$target" -D full/image
both "a full disk, and a directory that is there" 4 "full/mine: .*No space left on device" -t "$target" -D full/mine
is "what else is in it stays" "$(find full | sort | xargs)" "full full/mine full/mine/rest"
umount full
nothing_happened

# A checkpoint that is there is worth something.
check "a checkpoint" crdump --locks-only -t "$target" -D kept
: >kept/notes
sums=$(sha256sum kept/*)
both "a directory that holds a checkpoint" 4 "kept: holds a checkpoint already: there is inventory.img \(take another directory, or remove it\)" \
	-t "$target" -D kept
mv kept/inventory.img .
both "one that was not finished" 4 "kept: holds a checkpoint that was not finished: there is filelocks.img \(take another directory, or remove it\)" \
	-t "$target" -D kept
mv inventory.img kept
nothing_happened
is "nothing of it is lost" "$(sha256sum kept/*)" "$sums"
check "it can be restored" sh -c "kill -KILL $target && until crrestore --locks-only -D kept -- true; do :; done"

# Without standard error ---------------------------------------------------------------------------------------

# What is said must not go into what is opened instead.
background target setsid hold flock:w:a ofd:w:0-:c --child
crdump --locks-only -v -t "$target" -D mute <&- >&- 2>&-
is "with standard input, output and error closed" "$?" 0
crdump --locks-only -v -t "$target" -D voice 2>/dev/null
is "the images are of the same sizes" "$(stat -c '%n %s' mute/* | sed 's/^mute//')" \
	"$(stat -c '%n %s' voice/* | sed 's/^voice//')"
check "and good" crrestore --locks-only -D mute --on-conflict=skip -- true

# Statistics ---------------------------------------------------------------------------------------------------

# The last that is written, when there is a checkpoint. Where that fails, it is one without them.
inject calls crdump -t "$target" -R -D counted >/dev/null 2>&1
check "statistics are beside a checkpoint" test -s counted/stats-dump
last=$(grep ':18:' calls | tail -n 1)
timeout 60 inject reached "$last=5" crdump -t "$target" -R -D uncounted 2>said >/dev/null
is "they may fail to be written" "$? $(<said)" "0 crdump: uncounted: stats-dump.new: Input/output error"
is "of which nothing is left" "$(find uncounted -name 'stats*')" ""
check "and the checkpoint can be read" crlock show uncounted
timeout 60 inject reached "$last=kill" crdump -t "$target" -R -D cut-short >/dev/null 2>&1
is "crdump may be killed there" "$? $(<reached)" "137 $last"
check "and the checkpoint can be read, too" crlock show cut-short
finish
