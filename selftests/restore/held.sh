#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# crdump --hold-locks: between dump and restore nobody can take the locks, and then they are where they were.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
cd "$work" || exit
mkfifo stdin
touch f o l p
# A lease that is being broken is to outlive a dump and a restore.
break_time=$(<"$break_time_file")
echo 600 >"$break_time_file"
plan 53

# start SPEC...: a process of its own session, $holder, that holds locks.
start() {
	rm -rf image out
	setsid hold "$@" <>stdin >out 2>&1 &
	background_pids+=($!)
	disown $!
	until_true grep -q ready out
	holder=$(sed -n 's/^ready //p' out)
}

# dump OPTION...: it is dumped, and its locks are held by $keeper.
dump() {
	status crdump --hold-locks -t "$holder" -D image "$@"
	keeper=$(sed -n 's/^crdump: image: \([0-9]*\) holds the locks until.*/\1/p' <<<"$said")
	background_pids+=("${keeper:-$holder}")
}

restore_whole() {
	status crrestore -d -D image
	background_pids+=("$holder")
}

all_locks() {
	crlock ls --noheadings --raw --output KIND,PID,STATE,START,END,NOTICE,PATH |
		grep -F "$work/" | sort
}

# Held meanwhile, as others see it.
start flock:w:f ofd:w:0-9:o lease:r:l posix:w:3-5:p
before=$(all_locks)
dump
is "the dump succeeds" "$status" 0
like "who holds the locks is said" "$said" "crdump: image: [0-9]+ holds the locks until crrestore has them"
like "what cannot be held is said" "$said" "POSIX WRITE 3-5 of $work/p held by $holder\(hold\): cannot be held"
check "the process is gone" has_ended "$holder"
check "nobody gets the flock" bash -c '! flock -n f true'
is "nobody gets the OFD lock" "$(hold ofd:w:9-9:o </dev/null 2>&1 | grep -c ready)" 0
is "the lease is held" "$(all_locks | grep -c LEASE)" 1
is "a range can be had" "$(hold posix:w:3-5:p </dev/null 2>&1 | grep -c ready)" 1
status crrestore --check -D image
is "nothing is in the way of a restore" "$status $said" "0 "

# A restore that fails leaves all with the keeper.
mv p p.away
status crrestore -d -D image
mv p.away p
is "a file that is gone makes the restore fail" "$status" 1
check "nobody gets the flock after that" bash -c '! flock -n f true'

restore_whole
is "the restore succeeds" "$status $said" "0 "
is "the locks are what they were" "$(all_locks)" "$before"
until_true has_ended "$keeper"
check "who held them is gone" has_ended "$keeper"
check "so is the socket" test ! -e image/held-locks.sock
end "$holder"
check "the process held the flock alone" flock -n f true

# A dump that is killed when it has all but ended the process leaves nobody who holds its locks.
start flock:w:f
timeout 60 inject reached 0:62:0=kill crdump --hold-locks -t "$holder" -D image >/dev/null 2>&1
is "a dump is killed before its process ends" "$? $(wc -l <reached)" "137 1"
goes_on_alone() {
	! pgrep -x crdump-keeper && kill -0 "$holder"
}
check "that goes on, and who would hold its locks does not" until_true goes_on_alone
check "nor does the socket stay" until_true test ! -e image/held-locks.sock
end "$holder"

# One whose keeper cannot settle fails before its process ends. Of the calls only the keeper's has number 80, chdir(2).
start flock:w:f
inject calls crdump --hold-locks -t "$holder" -D image >said 2>&1
pkill -x crdump-keeper
call=$(grep ':80:' calls)
start flock:w:f
status timeout 60 inject reached "$call=5" crdump --hold-locks -t "$holder" -D image
is "a dump whose keeper fails does, too" "$status $(cat reached)" "4 $call"
like "and says so" "$said" "crdump: image: its locks cannot be held: Input/output error"
check "its process goes on, and nobody else holds locks" until_true goes_on_alone
check "nor is anything left" test ! -e image

# listen(2), behind bind(2).
status timeout 60 inject reached 0:50:0=5 crdump --hold-locks -t "$holder" -D image
is "so does one that cannot be asked for them" "$status $(cat reached)" "4 0:50:0"
check "of which nothing is left either" test ! -e image

# kill(2): the checkpoint is whole, and who has the locks lives on with them.
status timeout 60 inject reached 0:62:0=1 crdump --hold-locks -t "$holder" -D image
is "a dump that cannot end its process says so" "$status $(cat reached)" "1 0:62:0"
check "nobody else holds locks then" until_true goes_on_alone
check "and nobody is to be asked for them" until_true test ! -e image/held-locks.sock
rm -r image

# sendto(2), by which who holds them hears that the process has ended.
status timeout 60 inject reached 0:44:0=5 crdump --source=proc --hold-locks -t "$holder" -D image
is "a word that is lost is said again" "$status $(cat reached)" "0 0:44:0"
check "its process is gone" until_true has_ended "$holder"
check "and its lock is held" sh -c '! flock -n f true'
pkill -x crdump-keeper
until_true flock -n f true
rm -r image

# A lease that is breaking goes on to break.
start lease:w:l --break r
before=$(all_locks | sed -E 's/[0-9.]+s//')
dump
rmmod crlock
restore_whole
insmod "$CRLOCK_KO"
is "a breaking lease is back without the module" "$status $said" "0 "
is "it is what it was" "$(all_locks | sed -E 's/[0-9.]+s//')" "$before"
check "the keeper has ended" until_true has_ended "$keeper"
end "$holder"

# One that somebody breaks meanwhile: who has it hears of that when it is there again.
cat >owner.py <<'END'
import ctypes, fcntl, os, signal, sys

number = int(sys.argv[1])
signum = number or signal.SIGIO
libc = ctypes.CDLL(None)
signal.pthread_sigmask(signal.SIG_BLOCK, {signum})
file = os.open("l", os.O_RDWR)
fcntl.fcntl(file, fcntl.F_SETSIG, number)
fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
with open("out", "w") as out:
    out.write(f"ready {os.getpid()}\n")
waited, info = (ctypes.c_ulong * 16)(1 << signum - 1), (ctypes.c_int * 32)()
while libc.sigwaitinfo(waited, info) != signum:
    pass
told = f"code {info[2]}"
if number:
    told += f" band {info[4]:x} of it {info[6] == file}"
target = fcntl.fcntl(file, fcntl.F_GETLEASE)
fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
with open("heard.new", "w") as heard:
    heard.write(f"{told} target {target}\n")
os.rename("heard.new", "heard")
signal.pause()
END

# owner SIGNAL: a process $holder with a lease, whose breaks it hears of by that signal.
owner() {
	rm -rf image out heard opened
	setsid python3 owner.py "$1" </dev/null >/dev/null 2>&1 &
	background_pids+=($!)
	disown $!
	until_true grep -q ready out
	holder=$(sed -n 's/^ready //p' out)
}

# break_it: somebody opens the file, and makes the file opened once that could be done.
break_it() {
	(exec 9<l && : >opened) &
	background_pids+=($!)
	disown $!
}

is_breaking() {
	grep -q 'LEASE *BREAKING' /proc/locks
}

owner 36
dump
break_it
until_true is_breaking
restore_whole
is "a lease that was broken meanwhile is restored" "$status $said" "0 "
until_true test -e heard
is "its process hears of that as of any" "$(cat heard)" "code 3 band 441 of it True target 0"
check "and lets in who has broken it" until_true test -e opened
end "$holder"

owner 0
dump --source=proc
rmmod crlock
break_it
until_true is_breaking
restore_whole
insmod "$CRLOCK_KO"
is "so it is without the module" "$status $said" "0 "
until_true test -e heard
is "and it hears of that by SIGIO" "$(cat heard)" "code 128 target 0"
check "and lets them in, too" until_true test -e opened
end "$holder"

owner 36
dump
restore_whole
break_it
until_true test -e heard
is "of one that was not broken it hears when it is" "$(cat heard)" "code 3 band 441 of it True target 0"
end "$holder"

# A file that was given another's name meanwhile: the lock's file is the one that it was.
start flock:w:f
dump
inode=$(stat -c %i f)
mv f f.old
touch f
restore_whole
is "a file of another name now is found" "$status $(stat -L -c %i "/proc/$holder/fd/3" 2>/dev/null)" "0 $inode"
end "$holder"

# The keeper can be ended, as anyone would do it.
start flock:w:f
dump
kill -TERM "$keeper"
until_true has_ended "$keeper"
check "without it the lock is free" flock -n f true
restore_whole
is "and is taken again" "$status" 0
like "which is said" "$said" "crrestore: image: the process that held the locks is gone"
check "it is held" bash -c '! flock -n f true'
end "$holder"

# false_keeper PYTHON: sends what the expression names, whoever connects.
false_keeper() {
	background false_keeper python3 -c '
import array, os, socket, struct, sys
server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
server.bind("image/held-locks.sock")
server.listen(1)
print("ready", os.getpid(), flush=True)
peer = server.accept()[0]
fds = array.array("i", [0])
data, rights = eval(sys.argv[1])
peer.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)] if rights else [])
peer.recv(1)' "$1"
	status crrestore -d -D image
	end "$false_keeper"
	rm image/held-locks.sock
}

start flock:w:f
crdump -t "$holder" -D image
readonly not_had="^1 crrestore: image: held-locks.sock: the locks that are held cannot be had: Protocol error"
false_keeper 'b"abc", False'
like "what is no message is refused" "$status $said" "$not_had"
false_keeper "struct.pack('ii', $holder, 3), False"
like "so is a description that is not there" "$status $said" "$not_had"
false_keeper "struct.pack('ii', $holder, 77), True"
like "so is one that the checkpoint does not have" "$status $said" "$not_had"

# Nothing to hold.
start posix:w:3-5:p
dump
is "with no lock to hold there is no process" "$status $keeper" "0 "
restore_whole
end "$holder"

start flock:w:f
status crdump --hold-locks -R -t "$holder" -D image
like "not with -R" "$status $said" "^2 crdump: --hold-locks: "
status crdump --hold-locks --locks-only -t "$holder" -D image
like "not of locks only" "$status $said" "^2 crdump: --hold-locks "
check "it still runs" kill -0 "$holder"
echo "$break_time" >"$break_time_file"
finish
