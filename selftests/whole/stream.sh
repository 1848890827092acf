#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# crdump --stream and crrestore --stream: a process goes through a pipe, and whatever breaks leaves it where it was.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit
chmod 755 .

plan 57

# start: a counter, which counts in the file count; its process is $pid.
start() {
	rm -f count
	setsid counter "$work/count" </dev/null >/dev/null 2>&1 &
	disown $!
	until_true grep -q ready count
	pid=$(sed -n 's/ready //p' count)
	background_pids+=("$pid")
}

counts_beyond() {
	(($(tail -n 1 count) > $1))
}

# goes_on: counts, and is traced by nobody.
goes_on() {
	until_true counts_beyond "$(tail -n 1 count)" && grep -qx 'TracerPid:	0' "/proc/$pid/status"
}

is_gone() {
	! kill -0 "$pid"
} 2>/dev/null

end() {
	kill -KILL "$pid"
	until_true is_gone
}

# status_of COMMAND...: what it says is in said.
status_of() {
	timeout 60 "$@" 2>said
	echo $?
}

# into FILE ARGUMENT...: a stream, by crdump.
into() {
	timeout 60 crdump --stream "${@:2}" >"$1" 2>said
	echo $?
}

# spools: what crrestore has left where it puts streams.
export TMPDIR=$work/spool
mkdir "$TMPDIR"
spools() {
	find "$TMPDIR" -mindepth 1
}

# wait_for_end: passes a stream on, and its end when the pid is free: this shell must have noticed.
wait_for_end() {
	cat && timeout 10 tail -s 0.05 -f /dev/null --pid "$pid"
}

# Through a pipe ---------------------------------------------------------------------------------------

for options in "" "--no-precopy" "--source=proc"; do
	start
	# shellcheck disable=SC2086
	timeout 60 crdump --stream -t "$pid" $options 2>said | wait_for_end | timeout 60 crrestore --stream -d 2>restored
	is "a process goes through a pipe: ${options:-by default}" "${PIPESTATUS[*]} $(<restored)" "0 0 0 "
	check "and counts on" goes_on
	is "and no file is left" "$(spools)" ""
	end
done

# In a file ----------------------------------------------------------------------------------------------

start
is "a stream goes into a file" "$(into stream -t "$pid")" 0
check "and the process is gone" until_true is_gone
cp count count.then
is "--check takes it" "$(status_of crrestore --stream --check <stream)" 0
is "and leaves nothing" "$(spools)" ""
is "it is restored from there, and kept in a directory" "$(status_of crrestore --stream -d -D kept <stream)" 0
check "it counts on" goes_on
end
is "the directory is of mode 700" "$(stat -c %a kept)" 700
cp count.then count
is "it can be restored again from that" "$(status_of crrestore -d -D kept)" 0
check "and counts on then" goes_on
is "but not while its pid is taken" "$(status_of crrestore --stream -d <stream)" 1
like "when the checkpoint is kept" "$(<said)" "pid is taken \(.*\)"$'\n'"crrestore: the checkpoint is kept in $TMPDIR/crrestore\..*"
end
check "from where it can be restored once the pid is free" crrestore --check -D "$TMPDIR"/crrestore.*
rm -rf "$TMPDIR"/crrestore.*
is "a directory that holds a checkpoint is refused" "$(status_of crrestore --stream -d -D kept <stream) $(<said)" \
	"4 crrestore: kept: holds a checkpoint already: there is inventory.img (take another directory, or remove it)"

# As damaged as it can be --------------------------------------------------------------------------------

size=$(stat -c %s stream)
head -c $((size - 1)) stream >short
is "a truncated stream is refused" "$(status_of crrestore --stream -d <short)" 4
like "in one line" "$(<said)" "^crrestore: standard input: at byte [0-9]+ of the stream: it ends before it is complete$"
{ head -c $((size / 2)) stream && printf '\xa5\x5a' && tail -c +$((size / 2 + 3)) stream; } >changed
is "so is a changed one" "$(status_of crrestore --stream -d -D images <changed)" 4
like "which is told" "$(<said)" "^crrestore: standard input: at byte [0-9]+ of the stream: it is damaged$"
is "and what is none" "$(status_of crrestore --stream -d <"$root/README.md") $(<said)" \
	"4 crrestore: standard input: is no stream of crdump"
is "and nothing" "$(status_of crrestore --stream -d </dev/null) $(<said)" "4 crrestore: standard input: there is nothing"
is "and nothing is left of all these" "$(spools) $(find . -maxdepth 1 -name 'images*')" " "

# Nobody reads -------------------------------------------------------------------------------------------

start
is "without a reader it is an error" "$(timeout 60 crdump --stream -t "$pid" 2>said | true; echo "${PIPESTATUS[0]}")" 4
like "in one line" "$(grep -v '^crdump: module' said)" "^crdump: standard output: .*Broken pipe$"
check "and the process goes on" goes_on
timeout 60 crdump --stream -t "$pid" 2>said | head -c 100000 >/dev/null
is "so it is with a reader that ends early" "${PIPESTATUS[0]}" 4
check "and the process goes on after that" goes_on

mkdir small
mount -t tmpfs -o size=1m none small
timeout 60 crdump --stream -t "$pid" 2>said | TMPDIR=$work/small timeout 60 crrestore --stream -d 2>restored
is "and with one that has no room" "${PIPESTATUS[*]}" "4 4"
like "which says so" "$(<restored)" "^crrestore: .*small/crrestore.*: No space left on device$"
is "and leaves nothing" "$(find small -mindepth 1)" ""
check "and the process goes on then" goes_on
is "a file on a full disk is an error too" "$(into small/stream -t "$pid")" 4
like "which says so, too" "$(grep -v '^crdump: module' said)" "^crdump: standard output: .*No space left on device$"
check "and the process goes on still" goes_on
umount small

# A reader that takes nothing, until a signal comes.
mkfifo stuck
exec {stuck}<>stuck
crdump --stream -t "$pid" >stuck 2>said &
dumper=$!
# polls PID: whether it waits until it can read or write.
polls() {
	grep -q poll "/proc/$1/task/"*/wchan
}
until_true polls "$dumper"
kill -TERM "$dumper"
wait "$dumper"
is "a signal ends a dump that nobody reads" "$?" 143
check "and the process goes on" goes_on
exec {stuck}>&-

# The same at the other end: a stream that does not go on.
mkfifo quiet
crrestore --stream -d <quiet 2>said &
restorer=$!
exec {quiet}>quiet
head -c 100000 stream >&"$quiet"
until_true compgen -G "$TMPDIR/crrestore.*/pages-1.img"
until_true polls "$restorer"
kill -TERM "$restorer"
wait "$restorer"
is "a signal ends a restore that gets nothing" "$?" 143
is "and leaves nothing" "$(spools)" ""
exec {quiet}>&-

end

# Much memory --------------------------------------------------------------------------------------------

setsid python3 -c 'import os, time
memory = os.urandom(1 << 20) * 256
open("large", "w").write("ready %d\n" % os.getpid())
time.sleep(1000)' </dev/null >/dev/null 2>&1 &
disown $!
until_true grep -q ready large
pid=$(sed -n 's/ready //p' large)
background_pids+=("$pid")
prlimit --as=$((64 << 20)) crdump --stream -R -t "$pid" 2>said |
	prlimit --as=$((64 << 20)) crrestore --stream --check -D large-kept >listed 2>restored
is "256 MiB need no 64 MiB at either end" "${PIPESTATUS[0]} $(<restored)" "0 "
check "and arrive" test "$(cat large-kept/pages-*.img | wc -c)" -gt $((256 << 20))
end
rm -rf large-kept

# Many processes -----------------------------------------------------------------------------------------

rm -f count
# shellcheck disable=SC2016
setsid bash -c 'for ((i = 0; i < 40; i++)); do sleep 1000 & done; echo "ready $$" >count; wait' \
	</dev/null >/dev/null 2>&1 &
disown $!
until_true grep -q ready count
pid=$(sed -n 's/ready //p' count)
timeout 60 crdump --stream -R -t "$pid" 2>said >many
# What it says is that the pids are taken.
(ulimit -Sn 24 && timeout 60 crrestore --stream --check -D many-kept <many >listed 2>restored)
is "there may be more files than descriptors" "$(<restored)" ""
is "and all arrive" "$(find many-kept -name 'pages-*.img' | wc -l)" 41
kill -KILL -- "-$pid"
until_true is_gone

# Words --------------------------------------------------------------------------------------------------

readonly help='(--help tells more)'
start
is "no stream is written to a terminal" "$(script -qec "crdump --stream -t $pid 2>&1" /dev/null </dev/null | tr -d '\r')" \
	"crdump: --stream: standard output is a terminal, not a pipe to crrestore --stream, or a file $help"
is "and none read from one" "$(script -qec "crrestore --stream 2>&1" /dev/null </dev/null | tr -d '\r')" \
	"crrestore: --stream: standard input is a terminal, not a pipe from crdump --stream, or a file $help"
is "crdump takes no directory beside" "$(status_of crdump --stream -t "$pid" -D images) $(<said)" \
	"2 crdump: -D and --stream do not go together $help"
is "a closed standard output is an error" "$(crdump --stream -t "$pid" 2>said >&-; echo $?)" 4
check "and the process goes on after all" goes_on
is "--leave-running leaves it running" "$(into running -R -t "$pid")" 0
check "truly" goes_on
end

# Locks alone --------------------------------------------------------------------------------------------

background holder setsid hold flock:w:a posix:r:5-9:b
is "locks alone go through a pipe" \
	"$(timeout 60 crdump --stream --locks-only -k -t "$holder" 2>said |
		timeout 60 crrestore --stream --locks-only -- sh -c 'flock -n a true || echo locked')" locked
finish
