#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The module is loaded and unloaded while locks come and go and several programs ask it.
# CRLOCK_RELOAD_CYCLES: how often.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit

readonly cycles=${CRLOCK_RELOAD_CYCLES:-20} nr_askers=3

plan $((cycles + nr_askers + 6))

# What was loaded is loaded again at the end, whatever happens.
trap 'grep -q "^crlock " /proc/modules || insmod "$CRLOCK_KO"; clean_up' EXIT

# Whoever asks just then keeps it.
unload() {
	local end=$((SECONDS + 60 * patience))

	until rmmod crlock 2>said; do
		((SECONDS < end)) || {
			cat said
			return 1
		}
	done
}

reload() {
	unload && insmod "$CRLOCK_KO"
}

ids() {
	crlock ls --noheadings --raw --source=kmod --pid "$pid" \
		--output ID,FILE-ID,OWNER-ID,MOUNT-ID | tr ' ' '\n' | sort -u
}

echo "crlock-test: $work" >/dev/kmsg
background pid hold flock:w:file --same posix:w:1-1:
ids >before
check "ids are the same as long as the module stays" cmp before <(ids)

mkdir churn
for ((i = 0; i < 2; i++)); do
	background churn churn churn
done
asker_inputs=()
for ((i = 0; i < nr_askers; i++)); do
	background asker asker "counts-$i" 2>>failures
	# shellcheck disable=SC2154
	asker_inputs+=("$background_in")
done
for ((i = 0; i < cycles; i++)); do
	check "the module is unloaded and loaded, time $((i + 1))" reload
done
for input in "${asker_inputs[@]}"; do
	exec {input}>&-
done
for ((i = 0; i < nr_askers; i++)); do
	until_true test -s "counts-$i"
	like "who asked was answered, or told that it is not there" "$(cat "counts-$i")" \
		'^[1-9][0-9]* answers, [0-9]+ times no module, 0 failures$'
done
is "nothing else went wrong" "$(sort failures | uniq -c)" ""

ids >after
is "no id is what it was before" "$(comm -12 before after)" ""
is "there are as many" "$(wc -l <after)" "$(wc -l <before)"
until_true grep -q '^crlock [0-9]* 0 ' /proc/modules
like "nothing holds the module" "$(grep '^crlock ' /proc/modules)" '^crlock [0-9]+ 0 '
dmesg | sed "1,/crlock-test: ${work//\//.}/d" >log
check "the kernel has nothing to complain of" "$root/selftests/vm/splats" log
finish
