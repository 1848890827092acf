# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# $CRLOCK_FAILURES_POINTS points of failure are tried in each column, or `all`, or all `kills`, by as many at a time as
# there are CPUs; $CRLOCK_FAILURES_COLUMNS is a pattern.

readonly points=${CRLOCK_FAILURES_POINTS:-4}

# side_by_side NAME SCRIPT ARGUMENT...: all parts of what is to be tried; fails if one does.
side_by_side() {
	local name=$1 script=$2 part parts=1 failed=0 pids=()

	shift 2
	[[ $points == [0-9]* ]] || parts=$(nproc)
	for ((part = 1; part <= parts; part++)); do
		# What a column before left there is not of this one.
		rm -rf "${work:?}/$part"
		mkdir "$work/$part" || return
		(
			set -o pipefail
			unshare -pf --kill-child --mount-proc \
				/usr/bin/python3 -B "$script" "$work/$part" "$points:$part/$parts" "$name" "$@" 2>&1 | sed -u 's/^/# /'
		) &
		pids+=($!)
	done
	for part in "${pids[@]}"; do
		wait "$part" || failed=1
	done
	return "$failed"
}

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
		side_by_side "$name" "$script" "$@"
		report $? "$name"
	fi
}
