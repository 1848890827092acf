# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# $CRLOCK_FAILURES_POINTS points of failure are tried in each column, or `all`, or all `kills`; $CRLOCK_FAILURES_COLUMNS is a pattern.

readonly points=${CRLOCK_FAILURES_POINTS:-4}

# column NAME SCRIPT ARGUMENT...: in a pid namespace of its own, so that what there is to read does not depend on
# the machine, and nothing is left behind.
column() {
	local name=$1 script=$root/selftests/failures/$2

	shift 2
	# shellcheck disable=SC2053
	if [[ $name != ${CRLOCK_FAILURES_COLUMNS:-*} ]]; then
		skip "$name" "not asked for"
	elif [[ $name == *kmod* ]] && ! grep -qs '^crlock ' /proc/modules; then
		skip "$name" "the module is not loaded"
	else
		unshare -pf --kill-child --mount-proc /usr/bin/python3 -B "$script" "$work" "$points" "$name" "$@" 2>&1 |
			sed -u 's/^/# /'
		report "${PIPESTATUS[0]}" "$name"
	fi
}
