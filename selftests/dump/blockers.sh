#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# crdump: what it refuses it tells, all of it at once, and the target goes on.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit

plan 40

# check_of ARGUMENT...: what crdump --check lists, in $work/out; succeeds if there is something.
check_of() {
	timeout 60 crdump --check "$@" </dev/null >out 2>said
	[[ $? == 1 && -s out && ! -s said ]] || {
		cat out said
		return 1
	}
}

# told PATTERN: in a line that begins with the process.
told() {
	grep -qE -- "^$pid: .*$1" out || {
		cat out
		return 1
	}
}

goes_on() {
	grep -qE '^State:	[SR]' "/proc/$1/status" && grep -qx 'TracerPid:	0' "/proc/$1/status"
}

declare -A patterns=(
	[shm]='mapping at [0-9a-f]+: SysV shared memory'
	[aio]='mapping at [0-9a-f]+: a ring of asynchronous I/O'
	[uffd]='mapping at [0-9a-f]+: .*userfaultfd'
	[uts]='is in a uts namespace of its own'
	[deadline]='runs with SCHED_DEADLINE'
	[seccomp]='has a seccomp filter'
	[undo]='has adjustments of SysV semaphores'
	[policy]='has a memory policy'
)

for source in kmod proc; do
	mkfifo input
	setsid blocked <input >said-by 2>/dev/null &
	background_pids+=("$!")
	exec {input}>input
	rm input
	until_true grep -q '^ready' said-by
	pid=$(sed -n 's/^ready //p' said-by)
	check "$source: a process that does all that is refused" check_of -t "$pid" --source=$source
	for what in shm aio uffd uts deadline seccomp undo policy; do
		if [[ $source == proc && $what == @(undo|policy) ]]; then
			is "$source: $what, of which only the module can tell" "$(told "${patterns[$what]}" >/dev/null && echo told)" ""
		elif grep -q "^not $what:" said-by; then
			skip "$source: $what" "$(grep "^not $what:" said-by)"
		else
			check "$source: $what" told "${patterns[$what]}"
		fi
	done
	check "$source: it goes on" until_true goes_on "$pid"
	exec {input}>&-
	check "$source: and ends as it likes" until_true sh -c "! kill -0 $pid"
	rm -f said-by

	setsid code32 </dev/null &
	pid=$!
	background_pids+=("$pid")
	until_true grep -q . "/proc/$pid/cmdline"
	until_true sh -c "readlink /proc/$pid/exe | grep -q code32"
	check "$source: a process of 32-bit code" check_of -t "$pid" --source=$source
	check "$source: is told" told 'runs 32-bit code'
	check "$source: and goes on" until_true goes_on "$pid"
	kill -KILL "$pid"

	touch file
	background pid hold flock:r:file --map flock:r:file --map
	check "$source: locks of one file that mappings alone have, twice" \
		check_of --shell-job -t "$pid" --source=$source
	is "$source: are told" "$(grep -c 'mappings alone have another lock of the file too$' out)" 1
	end_background
done

# Messages: what is sent within the tree is dumped with it, but not as locks alone.
background pid hold flock:w:file --in-flight
timeout 60 crdump --check --locks-only -t "$pid" --source=kmod >out 2>said
like "a lock that only a message has, as locks alone" "$(cat out)" \
	'^FLOCK WRITE of .*: no descriptor of a whole process of the tree leads to it'
end_background

cat >sender.py <<'END'
import fcntl, os, signal, socket

ours, theirs = socket.socketpair()
if os.fork():
    theirs.close()
else:
    os.setsid()
    ours.close()
    null = os.open("/dev/null", os.O_RDWR)
    for number in 0, 1, 2:
        os.dup2(null, number)
    file = os.open("sent", os.O_RDWR | os.O_CREAT)
    fcntl.flock(file, fcntl.LOCK_EX)
    socket.send_fds(theirs, [b"x"], [file])
    theirs.close()
    with open("sender", "w") as told:
        told.write(f"{os.getpid()}\n")
signal.pause()
END
python3 sender.py </dev/null >/dev/null 2>&1 &
background_pids+=("$!")
until_true grep -q . sender
pid=$(<sender)
background_pids+=("$pid")
check "a lock that a message outside the tree has too is refused" check_of -t "$pid" --source=kmod
like "and it is told" "$(cat out)" '^FLOCK WRITE of /.*/sent held by .*: is shared outside the tree, with a message in flight to socket:\[[0-9]+\] \(--external-locks allows it\)$'

# Of a process not all need be in the same namespaces.
cat >apart.py <<'END'
import ctypes, os, signal, threading

def leave():
    print(ctypes.CDLL(None).unshare(0x04000000), threading.get_native_id(), flush=True)
    threading.Event().wait()

threading.Thread(target=leave, daemon=True).start()
signal.pause()
END
setsid python3 apart.py </dev/null >apart 2>/dev/null &
pid=$!
background_pids+=("$pid")
until_true grep -q . apart
check "a thread in a namespace of its own is refused" check_of -t "$pid" --source=proc
is "and it alone is told" "$(grep -c namespace out) $(grep -oE '^[0-9]+: is in a uts namespace' out)" \
	"1 $(cut -d ' ' -f 2 apart): is in a uts namespace"
kill -KILL "$pid"

# A debugger was there first.
setsid sleep 1000 </dev/null >/dev/null 2>&1 &
pid=$!
background_pids+=("$pid")
until_true grep -q sleep "/proc/$pid/comm"
strace -o /dev/null -p "$pid" >/dev/null 2>&1 &
background_pids+=("$!")
until_true sh -c "! grep -qx 'TracerPid:	0' /proc/$pid/status"
timeout 60 crdump -t "$pid" -D traced >out 2>said
is "a process that is traced is refused" "$?" 3
like "and by whom" "$(cat said)" "^crdump: $pid: is traced by process [0-9]+"
check "and no directory is left" test ! -e traced
finish
