#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Without the module: crlock works from /proc, and says once what is missing.
# needs: nomodule

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

cd "$work" || exit
plan 49
keep_leases
background pid hold flock:w:flock --child posix:w:5-9:posix ofd:r:100-:ofd lease:w:lease --break r flock:w:mapped --map
background breaker breaker r lease
background waiter waiter flock:w:flock
until_true waits "$waiter"
child=$(pgrep -P "$pid" -x hold)
readonly not_loaded='module crlock is not loaded \(modprobe crlock loads it, or says why\)'
readonly lacking='crlock: module crlock is not loaded (modprobe crlock loads it, or says why): /proc does not tell the held type and deadline of breaking leases, break notices, ids, and holders by mapping or in flight'

time='\?'
! tells_breaks "$pid" || time='[0-9]+[.][0-9]s'
run crlock ls
is "it works, and says once what is missing" "$status $said" "0 $lacking"
like "flock, with holders by fork and who waits" "$out" "hold +$pid FLOCK WRITE +0 +EOF $pid:3,$child:3 +$waiter\(waiter\) WRITE +$work/flock"
like "POSIX" "$out" "hold +$pid POSIX WRITE +5 +9 $pid:4 +$work/posix"
like "OFD, of which /proc tells no pid" "$out" "hold +\? OFD +READ +100 +EOF $pid:6 +$work/ofd"
like "a lease, and who breaks it" "$out" "hold +$pid LEASE WRITE>READ $time +0 +EOF $pid:7 +$breaker\(breaker\) open for READ +$work/lease"
like "a lock that only a mapping holds, without a path" "$out" "hold +$pid FLOCK WRITE +0 +EOF \? +\?"
is "that is all" "$(wc -l <<<"$out")" 6

run crlock ls --source=auto --json
is "JSON too, with the same words" "$status $said" "0 $lacking"
is "which source it was" "$(/usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["source"])' <<<"$out")" proc
run crlock ls --source=proc
is "if it is wanted so, nothing is missing" "$status $said" "0 "
refused "but not if the module is wanted" 3 "$not_loaded" crlock ls --source=kmod

# All columns work; what is not known is "?", or null, and said to be unknown.
mapfile -t columns < <(crlock ls --list-columns | cut -d ' ' -f 1)
run crlock ls --source=proc --output-all --raw
is "all columns" "$status $(head -n 1 <<<"$out")" "0 ${columns[*]}"
like "what is not known is not made up" \
	"$(crlock ls -s proc --noheadings --raw --output HELD,DOWNGRADE,GEN,RANK,ID,FILE-ID,OWNER-ID,MOUNT-ID,NOTICE --file lease)" \
	"^WRITE $time \? \? \? \? \? \? \?\$"
is "but said to be unknown" "$(json 'l[0]["unknown"]' -s proc --file lease)" \
	"['id', 'deadline', 'holders', 'generation', 'notice', 'flags', 'rank']"
is "in JSON it is null" \
	"$(json '[l[0][n] for n in ("downgrade", "generation", "rank", "id", "file_id", "owner_id", "mount_id", "flags", "notice")]' -s proc --file lease)" \
	"[None, None, None, None, None, None, None, None, None]"

is "the locks of a process" "$(cell KIND -s proc --raw --pid "$child")" FLOCK
is "of a kind" "$(cell KIND -s proc --raw --kind ofd,posix | sort | xargs)" "OFD POSIX"
is "of a file" "$(cell KIND -s proc --raw --file ofd)" OFD

# info -----------------------------------------------------------------------------------------------

refused "info" 3 "$not_loaded" crlock info
refused "monitor" 3 "$not_loaded" crlock monitor
refused "info --json" 3 "$not_loaded" crlock info --json

# Not root ---------------------------------------------------------------------------------------------

chmod 755 .
as_nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}
run as_nobody crlock ls
is "anybody may ask" "$status $said" "0 $lacking; descriptors of other users' processes cannot be read (root can)"
like "and sees the locks" "$out" "hold +$pid FLOCK WRITE +0 +EOF \?"
is "in one line" "$(wc -l <"$work/.said")" 1

# In a pid namespace, holders outside have no number, and are not given a wrong one.
run unshare -pf --mount-proc crlock ls --raw --noheadings --output PID,KIND,HOLDERS,PATH
is "in a pid namespace it works" "$status" 0
is "where who is outside is not seen" "$(grep -c "$pid" <<<"$out")" 0

# The other programs -------------------------------------------------------------------------------------

crdump --locks-only -t "$pid" -D image 2>said --external-locks
like "crdump says the same, and what it cannot dump" "$(<said)" "$not_loaded: /proc does not tell"
run crdump --locks-only -t "$pid" -D image --source=kmod
like "crdump --source=kmod fails" "$status $said" "^5 crdump: $not_loaded\$"
check "and leaves nothing" test ! -e image
background other hold posix:w:0-9:other flock:r:another
run crdump --locks-only -t "$other" -D image
is "it dumps what /proc knows" "$status" 0
is "and says once what is missing" "$(wc -l <"$work/.said")" 1
kill -KILL "$other"
run crrestore --locks-only -D image -- crlock ls -s proc --raw --noheadings --output KIND,HELD,START,END,PATH
is "and crrestore takes it again" "$status $(grep "/other$" <<<"$out")" "0 POSIX WRITE 0 9 $work/other"
run crlock verify
like "there is nothing to compare with" "$status $said$out" "^2 crlock: $not_loaded\$"
run crlock verify --list
like "but what would be compared is told" "$status $out" "^0 The kernel is wrong:"
# Loaded, it is used.
insmod "$CRLOCK_KO"
run crlock ls --json
is "once the module is loaded nothing is missing" "$status $said" "0 "
rmmod crlock
run crlock ls --raw --noheadings --output KIND
is "once it is unloaded it is" "$status $said" "0 $lacking"

# Where it is installed -----------------------------------------------------------------------------------

# loaded COMMAND...: whether the command has it loaded, which ends then.
loaded() {
	run "$@"
	rmmod crlock 2>/dev/null && out=yes || out=no
}

printf '%s\n' 'alias net-pf-16-proto-16-family-crlock crlock' "install crlock /sbin/insmod $CRLOCK_KO" \
	>/etc/modprobe.d/crlock-test.conf
background other hold posix:w:0-9:other flock:r:another
dump=(crdump --locks-only -t "$other" -D again)
restore=(crrestore --locks-only -D image)
loaded crlock ls
is "root has it loaded by crlock" "$status $out $said" "0 yes "
loaded crlock ls --no-load
is "not with --no-load" "$status $out $said" "0 no $lacking"
loaded as_nobody crlock ls
is "and nobody else has" "$status $out" "0 no"
loaded "${dump[@]}" --no-load
is "crdump --no-load" "$status $out" "0 no"
rm -r again
loaded "${dump[@]}"
is "crdump" "$status $out" "0 yes"
loaded crlock-criu check --no-load
is "crlock-criu --no-load" "$status $out" "0 no"
loaded crlock-criu check
is "crlock-criu" "$status $out" "0 yes"
end_background
loaded "${restore[@]}" --no-load -- true
is "crrestore --no-load" "$status $out" "0 no"
loaded "${restore[@]}" -- true
is "crrestore" "$status $out" "0 yes"
rm /etc/modprobe.d/crlock-test.conf
finish
