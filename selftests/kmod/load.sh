#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Under load the module tells what was held while it was asked, and nothing else; and it is unloaded and loaded again
# meanwhile. CRLOCK_LOAD_SECONDS: for how long.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit

readonly break_time=/proc/sys/fs/lease-break-time
break_time_before=$(<$break_time)
# What was loaded is loaded again at the end, whatever happens. No lease is taken away from who is slow.
trap 'echo "$break_time_before" >$break_time; grep -q "^crlock " /proc/modules || insmod "$CRLOCK_KO"; clean_up' EXIT
echo 100000 >$break_time

plan 6

# Whoever asks just then keeps it.
reload() {
	# Or each try would wait for its turn among the lockers, and few fit into the time.
	renice -n -19 -p "$BASHPID" >/dev/null
	until rmmod crlock 2>/dev/null; do
		kill -0 "$pid" || return
	done
	insmod "$CRLOCK_KO"
}

# next_line: what the program said next, however long it takes.
next_line() {
	# shellcheck disable=SC2154
	read -r line <&"$background_out"
}

echo "crlock-test: $work" >/dev/kmsg
background pid load "${CRLOCK_LOAD_SECONDS:-30}" . 2>said
next_line
is "locks come and go" "$line" half
check "the module is unloaded and loaded meanwhile" reload
next_line
like "what it tells is true and complete" "$line" \
	'^[1-9][0-9]* answers, [1-9][0-9]* locks, [1-9][0-9]* held throughout, [1-9][0-9]* waits, [0-9]+ times no module, 0 failures$'
echo "# $line"
is "nothing is to be said" "$(cat said)" ""
until_true grep -q '^crlock [0-9]* 0 ' /proc/modules
like "nothing holds the module" "$(grep '^crlock ' /proc/modules)" '^crlock [0-9]+ 0 '
dmesg | sed "1,/crlock-test: ${work//\//.}/d" >log
check "the kernel has nothing to complain of" "$root/selftests/vm/splats" log
finish
