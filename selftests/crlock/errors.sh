#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Bad words, bad output and refusals: one line that names the thing, and the exit status of the manual.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

readonly help='\(--help tells more\)'

cd "$work" || exit
plan 115
background pid hold flock:w:file

# usage NAME WHAT ARGUMENT...
usage() {
	local name=$1 what=$2

	shift 2
	refused "$name" 2 "$what $help" crlock "$@"
}

usage "no command" "no command"
usage "an unknown command" "list: no such command" list
usage "an unknown option in place of a command" "--frob: no such option" --frob
usage "an unknown option" "--frob: no such option" ls --frob
usage "an unknown letter" "-x: no such option" ls -x
usage "an unknown option of info" "--raw: no such option" info --raw
usage "a value where there is none" "--json=1: no such option" ls --json=1
usage "a word" "file: not an option" ls file
usage "a word for info" "1: not an option" info 1
usage "no value" "--output: needs a value" ls --output
usage "no value of a letter" "-p: needs a value" ls -p
usage "an unknown column" "FROB: no such column" ls --output PID,FROB,KIND
usage "an empty column" ": no such column" ls --output PID,
usage "no column" ": no such column" ls --output ''
usage "one more, and it is none" ": no such column" ls --output +
usage "too many columns" "PID(,PID){64}: too many columns" ls --output "$(printf 'PID,%.0s' {1..64})PID"
usage "a word for a pid" "12x: not a process id" ls --pid 12x
usage "a pid of 0" "0: not a process id" ls --pid 0
usage "a negative pid" "-1: not a process id" ls --pid -1
usage "a pid that is too large" "2147483648: not a process id" ls --pid 2147483648
usage "an empty pid in a list" ": not a process id" ls --pid 1,,2
usage "an unknown kind" "flok: not a kind of lock" ls --kind flock,flok
usage "an unknown kind that is long" "x{40}: not a kind of lock" ls --kind "$(printf 'x%.0s' {1..40})"
usage "an unknown source" "guess: not a source: auto, kmod or proc" ls --source guess
usage "two files" "b: one file at a time" ls --file a --file b
usage "two forms of output" "--json and --raw: one or the other" ls --json --raw

for source in auto kmod proc; do
	refused "$source: a process that is not there" 1 "process 4000000: no such process" \
		crlock ls --source=$source --pid "$pid,4000000"
	refused "$source: a file that is not there" 1 "no/where: No such file or directory" \
		crlock ls --source=$source --file no/where
	refused "$source: a file in a file" 1 "file/a: Not a directory" crlock ls --source=$source --file file/a
done
ln -s loop loop
refused "a loop of links" 1 "loop: Too many levels of symbolic links" crlock ls --file loop

# A process that is gone, whose number may be another's some day.
background gone hold flock:w:other
kill -KILL "$gone"
until_true sh -c "! test -e /proc/$gone"
refused "a process that is gone" 1 "process $gone: no such process" crlock ls --pid "$gone"

# In a pid namespace, one outside has no number.
refused "a process outside the pid namespace" 1 "process 99999: no such process" \
	unshare -pf --mount-proc crlock ls --pid 99999
refused "/proc of another pid namespace" 1 "/proc is that of another pid namespace \(mount -t proc .*\)" unshare -pf crlock ls

# The module's own refusals -------------------------------------------------------------------------------

as_nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}
refused "no capability" 1 "module crlock: .*CAP_CHECKPOINT_RESTORE.*" as_nobody crlock ls --source=kmod
run as_nobody crlock ls
like "without it /proc must do, which is said once" "$status $(wc -l <"$work/.said") $said" \
	"^0 1 crlock: module crlock: .*CAP_CHECKPOINT_RESTORE.*: /proc does not tell the held type"
is "CAP_CHECKPOINT_RESTORE is enough" \
	"$(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=+checkpoint_restore --ambient-caps=+checkpoint_restore \
		crlock ls --source=kmod --raw --noheadings --output PID,KIND)" "$pid FLOCK"
run as_nobody crlock info
is "info needs none" "$status $said" "0 "
run unshare -r crlock ls --source=kmod
like "capabilities of another user namespace are none" "$status $said" "^1 crlock: module crlock: .*CAP_"
refused "more processes than the module takes" 1 "module crlock: TGID: 4097 processes, the module takes 4096" \
	crlock ls --source=kmod --pid "$(printf "$pid,%.0s" {1..4096})$pid"
readonly snapshot_max=/sys/module/crlock/parameters/snapshot_max
saved=$(<$snapshot_max)
echo 4096 >$snapshot_max
# Enough locks that they do not fit.
mapfile -t many < <(seq -f 'flock:w:m%g' 200)
background holder hold "${many[@]}"
refused "a snapshot that is too large" 1 \
	"module crlock: more than its parameter snapshot_max allows: [0-9]+ bytes; /sys/module/.*/snapshot_max is to be larger" crlock ls
echo "$saved" >$snapshot_max

# Output ----------------------------------------------------------------------------------------------

# full NAME COMMAND...: its output goes to a full disk.
full() {
	local name=$1

	shift
	"$@" 2>"$work/.said" >/dev/full
	like "$name to a full disk" "$? $(<"$work/.said")" \
		"^1 crlock: standard output: (No space left on device|write error)\$"
	"$@" 2>"$work/.said" >&-
	like "$name to nowhere" "$? $(<"$work/.said")" "^1 crlock: standard output: (Bad file descriptor|write error)\$"
}
for form in --notruncate --raw --json; do
	full "ls $form" crlock ls $form --file file
	full "ls $form, more than a buffer of it" crlock ls $form
done
full "info" crlock info
full "info --json" crlock info --json
full "--help" crlock --help
full "--version" crlock --version
full "ls --help" crlock ls --help
full "info --help" crlock info --help
is "who reads no further is not told" "$(crlock ls --raw 2>&1 >/dev/null | head -n 0; crlock ls --raw 2>&1 | head -n 1 | wc -l)" 1

# What is closed must not become a file that is then written to.
crlock ls --raw <&- >&- 2>&-
is "with all closed" "$?" 1
run unshare -m sh -c 'mount -t tmpfs none /proc && exec crlock ls --source=proc'
is "without /proc" "$status $said" "1 crlock: /proc: No such file or directory"
finish
