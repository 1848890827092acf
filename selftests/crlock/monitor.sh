#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What happens to locks is told, all of it and nothing else; and what is lost is counted.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

cd "$work" || exit
plan 68
# An emulated CPU may run into the breakpoint that the kernel just took away again from a tracepoint which another CPU
# switched; then the kernel ends, with an Oops: int3 (QEMU 7.2, without this module too). There all is done on one.
! grep -q "QEMU TCG" /proc/cpuinfo || taskset -pc 0 $$ >/dev/null
keep_leases
# What was loaded is loaded again at the end, whatever happens.
readonly parameters=/sys/module/crlock/parameters
trap 'echo "$break_time_before" >$break_time
	grep -q "^crlock " /proc/modules || insmod "$CRLOCK_KO"
	clean_up' EXIT
echo "crlock-test: $work" >/dev/kmsg

# watch NAME OPTION...: starts crlock monitor, and returns when events are sent to it. What it prints goes to the
# file NAME, after a first line; what it says to NAME.said; its process is in $watcher.
watch() {
	local name=$1

	shift
	: >"$name"
	crlock monitor "$@" >"$name" 2>"$name.said" </dev/null &
	watcher=$!
	background_pids+=("$watcher")
	until_true test -s "$name"
}

# unwatch NAME PID: all that has happened so far is told, and it ends. Its exit status is in $status.
nr_marks=0
unwatch() {
	# Another each time, in a subshell too; and open until it was told, for there may be much to tell before.
	local mark=mark-$BASHPID-$((++nr_marks))

	flock "$mark" timeout 60 sh -c "until grep -q 'set .*/$mark' all; do :; done"
	until_true grep -q "released .*/$mark" all
	kill -TERM "$2"
	wait "$2"
	status=$?
}

# told NAME: without the first line, in words with single blanks.
told() {
	tail -n +2 "$1" | tr -s ' ' | sed 's/^ //; s/ $//'
}

fixture() {
	/usr/bin/python3 "$root/selftests/crlock/monitor_fixture.py" "$@"
}

readonly columns=EVENT,KIND,TYPE,START,END,ERROR,MORE
watch all --output +MORE
all=$watcher

# steps KIND: what is told of the fixture's.
steps() {
	watch "told-$1" --file "$1" --output $columns
	fixture "$1" "$1"
	unwatch "told-$1" "$watcher"
	told "told-$1"
}

# Each kind --------------------------------------------------------------------------------------------

for kind in posix ofd flock lease; do
	: >$kind
done
is "POSIX locks" "$(steps posix)" "set POSIX WRITE 0 9 - -
set POSIX WRITE 0 19 - -
released POSIX WRITE 5 7 - -
set POSIX READ 12 13 - -
released POSIX WRITE 4 4 - -
released POSIX WRITE 8 11 - -
released POSIX READ 12 12 - -
set POSIX READ 1000 EOF - -
released POSIX WRITE 0 3 - close
released POSIX READ 13 13 - close
released POSIX WRITE 14 19 - close
released POSIX READ 1000 EOF - close"
is "locks of a description" "$(steps ofd)" "set OFD WRITE 0 9 - -
set OFD WRITE 0 19 - -
released OFD WRITE 5 7 - -
set OFD READ 12 13 - -
released OFD WRITE 4 4 - -
released OFD WRITE 8 11 - -
released OFD READ 12 12 - -
refused OFD WRITE 0 1 EAGAIN -
set OFD READ 1000 EOF - -
released OFD WRITE 0 3 - close
released OFD READ 13 13 - close
released OFD WRITE 14 19 - close
released OFD READ 1000 EOF - close"
is "flock" "$(steps flock)" "set FLOCK READ 0 EOF - -
set FLOCK WRITE 0 EOF - -
refused FLOCK READ 0 EOF EAGAIN -
refused FLOCK WRITE 0 EOF EAGAIN -
set FLOCK READ 0 EOF - -
set FLOCK READ 0 EOF - -
released FLOCK READ 0 EOF - -
refused FLOCK WRITE 0 EOF EAGAIN -
released FLOCK READ 0 EOF - -
set FLOCK WRITE 0 EOF - -
released FLOCK WRITE 0 EOF - close"
is "leases" "$(steps lease)" "asked LEASE WRITE 0 EOF - -
broken LEASE WRITE>READ 0 EOF - -
refused LEASE open for READ 0 EOF EAGAIN open
refused LEASE open for READ 0 EOF EAGAIN open
broken LEASE WRITE>UNLCK 0 EOF - -
refused LEASE open for WRITE 0 EOF EAGAIN open
released LEASE WRITE 0 EOF - -"

: >long
watch told-long --file long --event released --output TYPE,START,END,MORE
long=$watcher
fixture long long
unwatch told-long "$long"
is "what is given up is told as far as it was looked at, and that it was not all" \
	"$(told told-long | sed -n '1,4p;$p'; told told-long | wc -l)" "? 2198 2198 unsure
WRITE 0 0 -
? 0 0 unsure
WRITE 2 2 close
? 0 EOF close,unsure
1028"

# Waiting ------------------------------------------------------------------------------------------------

# waiting SPEC: a holder and two who wait, of which one goes; then the holder does.
waiting() {
	local holder first second

	background holder hold "$1"
	background first waiter "$1"
	until_true grep -qE "blocked .* $first " all
	background second waiter "$1"
	until_true grep -qE "blocked .* $second " all
	kill -KILL "$second"
	until_true eval "! grep -q . /proc/$second/cmdline"
	kill -KILL "$holder"
	until_true grep -qE "granted .* $first " all
	kill -KILL "$first"
	# Its number may be that of a byte, too.
	until_true grep -qE "released .* waiter +$first " all
	grep -E " (hold|waiter) +($holder|$first|$second) " all | sed "s/ $holder / holder /; s/ $first / first /; s/ $second / second /" |
		awk '{ print $2, $3, $4, $5, $6, $7, $8 }'
}

is "flock: who waits, and gets it" "$(waiting flock:w:wait)" "set FLOCK WRITE 0 EOF hold holder
blocked FLOCK WRITE 0 EOF waiter first
blocked FLOCK WRITE 0 EOF waiter second
released FLOCK WRITE 0 EOF hold holder
granted FLOCK WRITE 0 EOF waiter first
released FLOCK WRITE 0 EOF waiter first"
is "POSIX: and who gives it up" "$(waiting posix:w:5-9:wait)" "set POSIX WRITE 5 9 hold holder
blocked POSIX WRITE 5 9 waiter first
blocked POSIX WRITE 5 9 waiter second
cancelled POSIX WRITE 5 9 waiter second
released POSIX WRITE 5 9 hold holder
granted POSIX WRITE 5 9 waiter first
released POSIX WRITE 5 9 waiter first"
is "OFD: the same" "$(waiting ofd:w:5-9:wait)" "set OFD WRITE 5 9 hold holder
blocked OFD WRITE 5 9 waiter first
blocked OFD WRITE 5 9 waiter second
cancelled OFD WRITE 5 9 waiter second
released OFD WRITE 5 9 hold holder
granted OFD WRITE 5 9 waiter first
released OFD WRITE 5 9 waiter first"
like "why it was given up" "$(grep -c 'cancelled' all)" '^2$'

# The kernel puts a thread, and a file, where those were that are gone.
: >killed
watch told-killed --file killed --output EVENT
killed=$watcher
fixture killed killed 100
unwatch told-killed "$killed"
is "who waits for flock and is killed does not come back as another" "$(told told-killed | sort | uniq -c | xargs)" \
	"100 blocked 200 released 200 set"

# A lock of another type is waited for without the one that was held.
: >convert
background reader hold flock:r:convert
background second hold flock:r:convert --then flock:w:convert
watch convert-told --file convert --output EVENT,TYPE,PID --noheadings --json
convert=$watcher
/usr/bin/python3 -c '
import fcntl, os
fd = os.open("convert", os.O_RDWR)
fcntl.flock(fd, fcntl.LOCK_SH)
print("ready", os.getpid(), flush=True)
fcntl.flock(fd, fcntl.LOCK_EX)' >python-said &
converter=$!
until_true waits "$converter"
kill -KILL "$reader" "$second"
wait "$converter"
unwatch convert-told "$convert"
is "flock gives up what it has before it waits" \
	"$(grep "\"pid\":$converter" convert-told | sed 's/,"pid.*//')" '{"event":"set","type":"READ"
{"event":"released","type":"READ"
{"event":"blocked","type":"WRITE"
{"event":"granted","type":"WRITE"
{"event":"released","type":"WRITE"'

# Leases that are broken, and whose time is over ------------------------------------------------------------

# nr EVENT PATTERN
nr() {
	grep -cE " $1 .*$2" all
}

echo 2 >$break_time
background holder hold lease:w:broken
background reader breaker r broken
until_true grep -qE 'deadline +LEASE .*/broken' all
background writer breaker w broken
until_true grep -qE 'deadline +LEASE +READ>UNLCK .*/broken' all
until_true grep -qE "unblocked .* $writer " all
is "a lease is broken, and its time passes" \
	"$(grep '/broken' all | tr -s ' ' | cut -d ' ' -f 2- |
		sed -E "s/ $holder / holder /; s/ $reader([ (])/ reader\1/; s/ $writer([ (])/ writer\1/" | sort)" \
	"$(printf '%s\n' \
		"asked LEASE WRITE 0 EOF hold holder - $work/broken -" \
		"blocked LEASE open for READ 0 EOF breaker reader - $work/broken open" \
		"blocked LEASE open for WRITE 0 EOF breaker writer - $work/broken open" \
		"broken LEASE READ>UNLCK 0 EOF hold holder writer(breaker) $work/broken -" \
		"broken LEASE WRITE>READ 0 EOF hold holder reader(breaker) $work/broken -" \
		"deadline LEASE READ>UNLCK 0 EOF hold holder writer(breaker) $work/broken -" \
		"deadline LEASE WRITE>READ 0 EOF hold holder reader(breaker) $work/broken -" \
		"unblocked LEASE open for READ 0 EOF breaker reader - $work/broken open" \
		"unblocked LEASE open for WRITE 0 EOF breaker writer - $work/broken open")"
echo 3000 >$break_time
background holder hold lease:w:kept
background writer breaker w kept
kill -KILL "$writer"
until_true grep -qE "cancelled .* $writer " all
is "an open that is interrupted" "$(grep -E " $writer .*/kept" all | awk '{ print $2 }' | xargs)" "blocked cancelled"
background writer breaker w kept
kill -KILL "$holder"
until_true grep -qE "unblocked .* $writer " all
is "an open goes on when the holder closes, without a deadline" \
	"$(nr blocked " $writer ") $(nr unblocked " $writer ") $(nr deadline /kept) $(nr broken /kept)" "1 1 0 1"

# Filters ------------------------------------------------------------------------------------------------

: >one
: >two
background first hold flock:w:one
background second hold posix:w:1-2:two
watch by-pid --pid "$first,$second" --output EVENT,PID --noheadings --json
by_pid=$watcher
watch by-file --file one --output EVENT,PATH
by_file=$watcher
watch by-kind --kind ofd,posix --output EVENT,KIND
by_kind=$watcher
watch by-event --event BLOCKED,released --output EVENT
by_event=$watcher
flock -s three true
background third waiter flock:w:one
until_true waits "$third"
kill -KILL "$first" "$second"
until_true grep -qE "granted .* $third " all
unwatch by-pid "$by_pid"
is "of processes" "$(tail -n +2 by-pid | sort)" "$(printf '{"event":"released","pid":%d}\n' "$first" "$second" | sort)"
unwatch by-file "$by_file"
is "of a file" "$(told by-file | sort)" "blocked $work/one
granted $work/one
released $work/one"
unwatch by-kind "$by_kind"
is "of kinds" "$(told by-kind)" "released POSIX"
unwatch by-event "$by_event"
is "of events" "$(told by-event | sort | uniq -c | tr -s ' ' | xargs)" "1 blocked 7 released"
is "status when it is ended" "$status" 0

# What it looks like --------------------------------------------------------------------------------------

like "names of columns are the first line" "$(head -n 1 all)" '^TIME +EVENT +KIND +TYPE +START +END +COMMAND +PID +BY +PATH +MORE$'
like "a line has the time" "$(sed -n 2p all)" '^[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\.[0-9]{6}  set '
watch json --json
json=$watcher
watch plain --noheadings --output PATH --json
plain=$watcher
background pid hold flock:w:$'bad\xffname\n'
unwatch json "$json"
kill -TERM "$plain"
wait "$plain"
check "JSON: an object a line, with all columns" /usr/bin/python3 - json "$pid" "$(crlock monitor --list-columns |
	cut -d ' ' -f 1 | xargs)" <<'END'
import datetime, json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
keys = [{"GEN": "generation"}.get(name, name.lower().replace("-", "_")) for name in sys.argv[3].split()]
assert list(lines[0]) == ["time", "event"] and lines[0]["event"] == "start", lines[0]
event = lines[1]
pid = int(sys.argv[2])
assert list(event) == keys, (list(event), keys)
assert (event["event"], event["kind"], event["type"], event["start"], event["end"]) == ("set", "FLOCK", "WRITE", 0, "EOF")
assert event["by"] == {"pid": pid, "tid": pid, "command": "hold"} and event["pid"] == pid, event
assert event["path"].endswith("/bad\\xffname\\x0a") and event["error"] is None and event["more"] == [], event
assert len(event["file_id"]) == 16 and event["file_id"] == event["owner_id"]
for line in lines:
    datetime.datetime.strptime(line["time"][:26], "%Y-%m-%dT%H:%M:%S.%f")
END
is "in text a path cannot make a line" "$(grep -c 'bad\\xffname\\x0a' all)" 1
kill -KILL "$pid"

# Not enough room -----------------------------------------------------------------------------------------

# sum FILE: what was told, what was lost, and both.
sum() {
	awk '/"lost":/ { sub(/.*"lost":/, ""); lost += $0; next }
		NR > 1 { told++ }
		END { print told + 0, lost + 0, told + lost }' "$1"
}

# Stopped, it reads nothing; what is lost is told when it goes on, even if nothing happens any more.
: >many
watch slow --json --file many --output EVENT --rcvbuf 4096
slow=$watcher
kill -STOP "$slow"
fixture many many 2000
until_true grep -c 'released .*many' all
kill -CONT "$slow"
until_true grep -q '"lost"' slow
whole() {
	[[ $(sum slow) == *" 4000" ]]
}
check "what a socket has no room for is counted" until_true whole
read -r nr_told nr_lost _ < <(sum slow)
check "some is told" test "$nr_told" -gt 0
check "some is lost" test "$nr_lost" -gt 0
unwatch slow "$slow"
is "nothing is told twice" "$(sum slow | cut -d ' ' -f 3) $(<slow.said)" "4000 "

# In the kernel, where there is room for one: who began to listen before has not more.
kill -TERM "$all"
wait "$all"
is "it ends" "$? $(<all.said)" "0 "
before=$(<$parameters/events_max)
echo 1 >$parameters/events_max
watch all --json --output EVENT
all=$watcher
fixture many many 2000
whole() {
	(($(sum all | cut -d ' ' -f 3) >= 4000))
}
check "what the module has no room for is counted" until_true whole
is "exactly" "$(sum all | cut -d ' ' -f 3)" 4000
check "some is lost" test "$(sum all | cut -d ' ' -f 2)" -gt 0
kill -INT "$all"
wait "$all"
is "SIGINT ends it too" "$? $(<all.said)" "0 "
echo "$before" >$parameters/events_max

watch text --output EVENT --rcvbuf 4096 --file many
kill -STOP "$watcher"
fixture many many 500
kill -CONT "$watcher"
until_true grep -q lost text
like "in text" "$(grep lost text | head -n 1)" '^[0-9:.]{15}  lost       [0-9]+ events$'
kill -TERM "$watcher"
wait "$watcher"

# Who may ------------------------------------------------------------------------------------------------

readonly needed='module crlock: CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN is needed, in the initial user namespace'
refused "who may not ask for locks" 1 "$needed" setpriv --reuid=65534 --regid=65534 --clear-groups crlock monitor
refused "root of a user namespace" 1 "$needed" unshare -Ur crlock monitor
watch capable --output EVENT
kill -TERM "$watcher"
wait "$watcher"
is "root may" "$?" 0
watch all
all=$watcher

# In another pid namespace, who is outside has no number, and is not given a wrong one.
: >inside
mkfifo go
exec 7<>go
# shellcheck disable=SC2016
unshare -pf --mount-proc --kill-child bash -c '
	crlock monitor --json --output EVENT,PID,COMMAND,BY &
	read -r _
	flock inside sh -c "echo inside \$PPID"
	read -r _' <&7 >namespace 2>&1 &
space=$!
background_pids+=("$space")
disown "$space"
nr_released() {
	[[ $(grep -c released namespace) == "$1" ]]
}
until_true grep -q start namespace
flock outside true
until_true nr_released 1
echo >&7
until_true nr_released 2
inside=$(sed -n 's/^inside //p' namespace)
is "who is outside is not visible" "$(grep '"event":"set"' namespace | head -n 1)" \
	'{"event":"set","pid":null,"command":"flock","by":{"pid":null,"tid":null,"command":"flock"}}'
is "who is inside has the number that it has there" "$(grep '"event":"set"' namespace | tail -n 1)" \
	"{\"event\":\"set\",\"pid\":$inside,\"command\":\"flock\",\"by\":{\"pid\":$inside,\"tid\":$inside,\"command\":\"flock\"}}"
like "which is another" "$inside" '^[0-9]{1,2}$'
kill -KILL "$space"

# How it ends ----------------------------------------------------------------------------------------------

{
	crlock monitor --output EVENT
	echo "status $?" >ended
} | head -n 1 >piped &
until_true test -s ended
is "it ends when nobody reads any more" "$(<ended) $(<piped)" "status 0 EVENT"
refused "output that cannot be written" 1 "standard output: No space left on device" \
	bash -c 'crlock monitor >/dev/full'

refused "no such kind" 2 "frob: not a kind of lock .*" crlock monitor --kind flock,frob
refused "no such event" 2 "frob: not an event .*" crlock monitor --event set,frob
refused "no such column" 2 "frob: no such column .*" crlock monitor --output TIME,frob
refused "no process" 2 "0: not a process id .*" crlock monitor --pid 0
refused "no number" 2 "many: not a number of bytes .*" crlock monitor --rcvbuf many
refused "no such process" 1 "process 4000000: no such process" crlock monitor --pid 4000000
refused "no such file" 1 "nowhere: No such file or directory" crlock monitor --file nowhere
refused "a word" 2 "frob: not an option .*" crlock monitor frob

# The module can be unloaded at any time: who listens is told, also if there is no room for that.
watch deaf --json --rcvbuf 4096 --file many
deaf=$watcher
kill -STOP "$deaf"
fixture many many 500
check "the module is unloaded while it is listened to" rmmod crlock
wait "$all"
is "which ends it" "$? $(<all.said)" "3 crlock: module crlock: the module was unloaded"
kill -CONT "$deaf"
wait "$deaf"
is "also who had no room left" "$? $(<deaf.said)" "3 crlock: module crlock: the module was unloaded"
refused "without the module" 3 "module crlock is not loaded \(modprobe crlock loads it, or says why\)" crlock monitor
check "it is loaded again" insmod "$CRLOCK_KO"

# Also while very much happens, and over and over.
mkdir churn
background churn churn churn
busy() {
	(($(wc -l <cycle) > 100))
}
statuses=''
for ((i = 0; i < 5; i++)); do
	watch cycle --output EVENT
	until_true busy
	rmmod crlock
	wait "$watcher"
	statuses+="$? $(<cycle.said)
"
	insmod "$CRLOCK_KO"
done
is "so it is while locks come and go" "$(sort <<<"${statuses%$'\n'}" | uniq -c | tr -s ' ')" \
	" 5 3 crlock: module crlock: the module was unloaded"
dmesg | sed "1,/crlock-test: ${work//\//.}/d" >log
check "the kernel has nothing to complain of" "$root/selftests/vm/splats" log
finish
