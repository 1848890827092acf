#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The screen at the top of README.md is what `crlock ls` shows of these programs.
#
#   screen.sh [-w]     with -w README.md is printed, with what it shows here

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# program NAME COMMAND...: one that is told what to do by lines in the file NAME.in.
program() {
	mkfifo "$1.in"
	"${@:2}" <>"$1.in" >/dev/null 2>&1 &
	background_pids+=($!)
}

grep -q "^crlock " /proc/modules || insmod "$build/kmod-$(uname -r)/crlock.ko" || exit
cd /srv && mount -t tmpfs tmpfs . && cd /srv || exit
# Locks are listed in the order of their files' inodes.
touch accounts.db report.lock
qemu-img create -q -f qcow2 disk.qcow2 1M || exit
program sqlite3 sqlite3 -batch accounts.db
printf '%s\n' 'CREATE TABLE account (owner TEXT, balance INTEGER);' 'BEGIN IMMEDIATE;' \
	"INSERT INTO account VALUES ('ann', 100);" >sqlite3.in
program flock flock report.lock sh -c 'cat; :'
program qemu-io qemu-io disk.qcow2
background lease hold lease:w:lease.data
background breaker breaker r lease.data

"$root/selftests/readme/session.py" "$@" "$root/README.md" "What it shows"
status=$?
cd / && umount -l /srv
exit "$status"
