#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The tutorial of README.md, but for what it does with a kernel: that is kernel/tutorial's.
#
#   tutorial.sh [-w]     with -w README.md is printed, with what it shows here

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# As on a terminal of today.
export LC_ALL=C.UTF-8
grep -q "^crlock " /proc/modules || insmod "$build/kmod-$(uname -r)/crlock.ko" || exit
mount -t tmpfs tmpfs /srv
"$root/selftests/readme/session.py" "$@" "$root/README.md" "Who blocks whom" "A checkpoint of a session of sqlite3"
status=$?
pkill sqlite3
pkill flock
umount -l /srv
exit "$status"
