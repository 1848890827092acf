#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Checkpoints of strangers, with changes that no checksum tells of, are restored as a whole or not at all.
#
# CRLOCK_STRANGERS=TIMES are tried, from CRLOCK_STRANGERS_SEED on: the same each time, unless they are given.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

plan 1
((EUID == 0)) || skip_rest "changed checkpoints" "only root can restore here"

# confined COMMAND...: where what a damaged image names cannot harm: nothing can be written but what is in
# $work, no disk is there, and processes, addresses and names are of namespaces of its own.
confined() {
	# shellcheck disable=SC2016 # of the other shell
	unshare -mpfniu --kill-child --mount-proc --propagation private sh -c '
		work=$1
		shift
		mount --bind /proc/sys /proc/sys || exit
		# What processes do to each other is in /proc.
		findmnt -rno TARGET | grep -vx /proc | while read -r place; do
			mount -o remount,bind,ro "$(printf %b "$place")" 2>/dev/null
		done
		mount -t tmpfs -o mode=755,size=1m nothing /dev &&
			mknod -m 666 /dev/null c 1 3 && mknod -m 666 /dev/zero c 1 5 &&
			mknod -m 666 /dev/urandom c 1 9 || exit
		mount -t tmpfs -o mode=700,size=256m nothing "$work" || exit
		if touch /tmp/.crlock-test /etc/.crlock-test 2>/dev/null; then
			echo "this machine could be written to"
			exit 1
		fi
		cd "$work" || exit
		exec setpriv --bounding-set \
			-sys_boot,-sys_module,-sys_time,-sys_rawio,-mknod,-syslog,-ipc_lock "$@"' \
		sh "$work" "$@"
}

cd / || exit
why=$(confined true 2>&1) || skip_rest "changed checkpoints" "what they name cannot be kept from this machine: $why"
confined /usr/bin/python3 -B "$root/selftests/unit/strangers.py" "$work" "${CRLOCK_STRANGERS:-200}" \
	"${CRLOCK_STRANGERS_SEED:-1}" 2>&1 | sed -u 's/^/# /'
report "${PIPESTATUS[0]}" "changed checkpoints are restored as a whole or not at all"
finish
