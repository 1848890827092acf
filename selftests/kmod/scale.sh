#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Many locks are told, all of them and of all of their holders, in the memory that was computed; and what changes meanwhile
# in a list that is too long to be read at once does not matter for what does not.
#
# CRLOCK_SCALE: what the fixture scale takes. CRLOCK_SCALE_LATE: how many microseconds at most a CPU may run meanwhile
# without scheduling: for a guest whose time is what it does (make check-scale), elsewhere others take it from us.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit

read -r -a sizes <<<"${CRLOCK_SCALE:-200 20000 104000 100000}"
readonly ranges=${sizes[3]} max=/sys/module/crlock/parameters/snapshot_max late=${CRLOCK_SCALE_LATE-}
# Those that change: the kernel looks for the place of each from the first one on.
few=20000
[[ ! ${CRLOCK_SCALE-} ]] || few=$ranges
max_before=$(<$max)
trap 'echo "$max_before" >$max; clean_up' EXIT
plan $((6 + (${#late} > 0)))

# begin WORD...: the fixture, in a directory of its own; then there are $locks and $holders.
begin() {
	mkdir "$1" && cd "$1" || exit
	background pid scale "${@:2}"
	# shellcheck disable=SC2154
	read -r word locks holders <&"$background_out"
	cd ..
}

# Kilobytes: rows and what finds them, with room for a quarter more of each, and messages. Where there is room for a
# lock there is for a file too: it may be of another one.
computed() {
	local files=$((locks - ranges + 1)) more=$((locks / 4))

	echo $(((locks * 56 + holders * 32 + files * (64 + 40)) * 5 / 4 / 1024 + (files + more) * 2 * 64 / 1024 + 1024))
}

# largest WORD: the number behind the word, of the line of .out in which it is largest.
largest() {
	sed -n "s/.*$1 \([0-9]*\).*/\1/p" .out | sort -n | tail -n 1
}

begin many "${sizes[@]}"
is "locks are held" "$word" ready
scale-ask 3 "$ranges" >.out 2>.said
is "each time all are told, with all of their holders" "$(grep -c "^$locks locks, $holders holders, " .out) $(<.said)" "3 "
sed 's/^/# /' .out
kib=$(largest 'us,')
check "in $kib KiB, of at most $(computed) that were computed" test "$kib" -le "$(computed)"
if [[ $late ]]; then
	check "and what waits for a CPU does so for $late us at most" test "$(largest late)" -le "$late"
fi

# What is counted with takes less than half.
echo $(($(computed) * 1024 / 2)) >$max
scale-ask 1 2>.said
needed=$(sed -n 's/.* takes \([0-9]*\) bytes.*/\1/p' .said)
echo "${needed:-1}" >$max
check "what is needed is told, and does" scale-ask 1 "$ranges"
echo "$max_before" >$max
end_background

begin changing 2 100 "$few" "$few" changing
check "what is held all the time is told once while others change" scale-ask 20 "$few"
end_background

# Only few are being moved at any moment.
begin moving 2 100 "$few" "$few" moving
scale-ask 50 >.out 2>.said
least=$(sed 's/ .*//' .out | sort -n | head -n 1)
check "nor are others lost while the one that a batch ends with goes to the end: $least of $few are told" \
	test "${least:-0}" -gt $((few * 9 / 10))
finish
