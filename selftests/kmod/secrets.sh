#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# No reply has an address of the kernel in it, at any byte; and ids of two loads of the module have nothing in common.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit

readonly loads=3

plan $((loads + 5))

# What was loaded is loaded again at the end, whatever happens.
break_time=$(cat /proc/sys/fs/lease-break-time)
randomise=$(cat /proc/sys/kernel/randomize_va_space)
trap 'echo "$break_time" >/proc/sys/fs/lease-break-time; echo "$randomise" >/proc/sys/kernel/randomize_va_space; grep -q "^crlock " /proc/modules || insmod "$CRLOCK_KO"; clean_up' EXIT
# The lease is to go on breaking: times that are over are large negative numbers.
echo 3600 >/proc/sys/fs/lease-break-time
# Addresses of a process that are the same each time would count as the kernel's.
echo 2 >/proc/sys/kernel/randomize_va_space

reload() {
	rmmod crlock && insmod "$CRLOCK_KO"
}

cat >threads.py <<'END'
import ctypes, os, signal, threading, time

signal.signal(signal.SIGUSR1, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 100000)
timer = ctypes.c_void_p()
assert ctypes.CDLL(None).timer_create(time.CLOCK_MONOTONIC, None, ctypes.byref(timer)) == 0
for wait in (time.sleep, threading.Event().wait):
    threading.Thread(target=wait, args=(100000,), daemon=True).start()
print("ready", os.getpid(), flush=True)
os.read(0, 1)
END

# A lock of every kind, holders of every kind, threads, timers and handlers of signals; with addresses that are others each
# time, parts of which can look like one of the kernel.
start() {
	mkdir "$1" && cd "$1" || exit
	background pid hold flock:w:flock --same posix:r:5-9: --same posix:w:100-: --dup 20 ofd:w:0-1:ofd --child \
		lease:r:lease lease:w:breaking --break r flock:r:mapped --map flock:w:sent --in-flight
	background threads /usr/bin/python3 ../threads.py
	cd .. || exit
	# Stopped, to have registers that are told.
	kill -STOP "$pid" "$threads"
	until_true grep -q '^State:	T' "/proc/$pid/status"
	until_true grep -q '^State:	T' "/proc/$threads/status"
}

ids() {
	grep '^id ' | sort -u
}

# What is at the same place in every load does not look like it by chance.
for ((i = 1; i <= loads; i++)); do
	check "the module is loaded, time $i" reload
	start "$i"
	secrets "$pid" "$threads" >"told-$i"
	ids <"told-$i" >"ids-$i"
	grep '^address ' "told-$i" | sort -u >"places-$i"
done
comm -12 places-1 places-2 | comm -12 - places-3 >same
is "no reply has an address of the kernel" "$(cat same)" ""
like "replies were looked at" "$(tail -n 1 told-1)" '^[0-9]{4,} bytes of [0-9]{2,} replies$'
echo "# $(tail -n 1 told-1)"
check "ids were looked at" test "$(wc -l <ids-1)" -ge 30
is "no id of a load is one of another" "$(cat ids-* | sort | uniq -d)" ""
# But for those of what `secrets` itself has.
check "in one load they stay what they are" test "$(secrets "$pid" "$threads" | ids | comm -12 ids-3 - | wc -l)" -ge 30
finish
