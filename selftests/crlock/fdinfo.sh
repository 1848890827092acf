#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Kernels with patches/ tell in fdinfo how a lease is being broken, and what waits for a lock: then there is nothing to
# guess from /proc, which says the same as the module.
# needs: patches

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

cd "$work" || exit
plan 7
keep_leases

# both COLUMNS ARGUMENT...: what the module and /proc have in these, without how much time there is.
both() {
	local source

	for source in kmod proc; do
		crlock ls --raw --noheadings --source=$source --output "$1" "${@:2}" | sed -E 's/[0-9]+\.[0-9]s/time/g'
	done
}

background pid hold lease:r:r-u --break w lease:w:w-r-u --break r --break w
if ! tells_breaks "$pid"; then
	for name in "leases" "deadlines" "waiters" "of which lock" "who asks" "and waits behind that" "another lock"; do
		skip "$name" "this kernel tells none of it in fdinfo"
	done
	finish
fi

is "leases that are being broken" "$(both HELD,TARGET,PENDING,BREAK,DOWNGRADE --file r-u; both HELD,TARGET,PENDING,BREAK,DOWNGRADE --file w-r-u)" \
	"READ UNLCK UNLCK time -
READ UNLCK UNLCK time -
WRITE UNLCK READ,UNLCK time time
WRITE UNLCK READ,UNLCK time time"
is "nothing of them is unknown but what concerns others" \
	"$(json '["held" in x["unknown"] or "deadline" in x["unknown"] for x in l]' --source=proc --kind lease)" "[False, False]"

# Two that look the same. The kernel lets requests wait for the first in the inode's list.
# asks PID: it waits for one of these.
asks() {
	grep -qs "^blocked:.* $1 " "/proc/$twice/fdinfo"/*
}
background twice hold ofd:r:0-9:same ofd:r:0-9:same
background first waiter ofd:w:2-2:same
until_true asks "$first"
background second waiter ofd:w:2-6:same
until_true asks "$second"
mapfile -t lines < <(both HOLDERS,NWAITERS --file same | sort)
is "both are shown twice" "${#lines[@]}" 4
is "from /proc, the same one is waited for" "$(uniq <<<"$(printf '%s\n' "${lines[@]}")" | wc -l)" 2
is "it is told who asks" \
	"$(json 'sorted((w["pid"], w["depth"]) for x in l for w in x["waiters"])' --source=proc --file same)" \
	"$(printf '[(%d, 1), (%d, 2)]' "$first" "$second")"
blocked=$(grep -l '^blocked:' "/proc/$twice/fdinfo"/*)
is "the one whose descriptor says so" "$(json '[h["fd"] for x in l if x["waiters"] for h in x["holders"]]' --source=proc --file same)" \
	"[${blocked##*/}]"
is "and no other" "$(json '[len(x["waiters"]) for x in l if not x["waiters"]]' --source=proc --file same)" "[0]"
finish
