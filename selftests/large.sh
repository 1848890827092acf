# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What tests of progress share, after lib.sh.

# start_large MIB: a process with so much memory, in a session of its own; it is $pid.
start_large() {
	/usr/bin/setsid /usr/bin/python3 -c 'import os, sys, time
memory = os.urandom(1 << 20) * int(sys.argv[1])
open("large", "w").write("ready %d\n" % os.getpid())
time.sleep(1000)' "$1" </dev/null >/dev/null 2>&1 &
	disown $!
	until_true grep -q ready large || {
		echo 'Bail out! the program to dump does not start'
		exit 1
	}
	pid=$(sed -n 's/ready //p' large)
	background_pids+=("$pid")
}
