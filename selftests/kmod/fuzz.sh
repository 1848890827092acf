#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Whatever the family is asked, it answers or says why not, and goes on. CRLOCK_FUZZ_REQUESTS: how many requests, all in
# all; CRLOCK_FUZZ_SEED: the same again.
#
# Where the kernel has failslab, fail_page_alloc or kmemleak, allocations fail too, and lost memory is looked for; where
# the module was built for kcov, it is told how much of it was reached. Debian's kernels have none of these.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
cd "$work" || exit

readonly requests=${CRLOCK_FUZZ_REQUESTS:-5000} cgroups=/sys/fs/cgroup debug=/sys/kernel/debug
readonly kmemleak=$debug/kmemleak
readonly printk=/proc/sys/kernel/printk
printk_before=$(<$printk)
seed=${CRLOCK_FUZZ_SEED:-$(od -An -N4 -tu4 /dev/urandom)}
seed=${seed// /}
[[ -d $debug/failslab && -d $debug/fail_page_alloc ]]
has_failslab=$((! $?))
[[ -e $kmemleak ]]
has_kmemleak=$((! $?))

# Of a hundred requests there are some, with some seeds, of which none takes much memory.
readonly scarce=500
readonly crowd=$((requests / 20 > 640 ? requests / 20 : 640))
readonly failing=$((has_failslab * requests / 5))
rest=$((requests - scarce - crowd - failing))
readonly alone=$((rest > requests / 2 ? rest : requests / 2))

# Calls that the compiler inserted; 0: it was not built for that.
nr_places=$(readelf -rW "$CRLOCK_KO" | grep -c __sanitizer_cov_trace_pc)
watch=()
((nr_places == 0)) || watch=(-k)

plan $((11 + (2 * has_failslab) - has_kmemleak + (nr_places > 0)))

# Of who is killed for want of memory, and of pages that are not to be had, the kernel tells with a trace, as it does of
# its bugs. What watches the console is not to take it for one; here all but these traces is looked at.
splats_but_of_want() {
	sed -E 's/^[0-9]+,[0-9]+,([0-9]+)([0-9]{6}),[^;]*;/[\1.\2] /
		/invoked oom-killer/,/Memory cgroup out of memory/ { /Call Trace:/d }
		/page allocation failure|vmalloc error/,/<\/TASK>/ { /Call Trace:/d }' "$1" >"$1.rest"
	"$root/selftests/vm/splats" "$1.rest"
}

# The kernel says more than its log has room for. cat(1) takes it as it comes, and ends if any is lost.
watch_log() {
	cat /dev/kmsg >log 2>cat-said &
	background_pids+=($!)
	disown $!
	until_true grep -q "crlock-test: $work\$" log
}

log_is_whole() {
	echo "crlock-test: end of $work" >/dev/kmsg
	until_true grep -q "crlock-test: end of $work\$" log || {
		cat cat-said
		return 1
	}
}

# new_group NAME [LIMIT]
new_group() {
	mkdir "$cgroups/$1" && echo "${2:-max}" >"$cgroups/$1/memory.max"
}

in_group() (
	echo "$BASHPID" >"$cgroups/$1/cgroup.procs" && shift && "$@"
)

# kept GROUP: bytes of the kernel's that are still charged to a group in which nothing runs.
kept() {
	awk '$1 == "kernel" { print $2 }' "$cgroups/$1/memory.stat"
}

# keeps_little GROUP: what one of a hundred requests would leave behind is more.
keeps_little() {
	kept "$1"
	(($(kept "$1") < 200000 + requests))
}

# nothing_kept GROUP: where kmemleak does not tell, and KASAN does not keep for a while what was freed.
nothing_kept() {
	((has_kmemleak)) && return
	check "nothing is kept of what was asked in $1" until_true keeps_little "$1"
	echo "# $(kept "$1") bytes are"
}

remove_groups() {
	rmdir "$cgroups"/crlock-fuzz-* 2>/dev/null
}
trap 'echo "$printk_before" >$printk; remove_groups; clean_up' EXIT

# fuzz_says OPTION...: what it says at the end goes to the file `said`, what it finds is shown.
fuzz_says() {
	fuzz-requests -s "$seed" "$@" "$stopped" "$running" "$gone" >said
}

tell() {
	echo "# after $SECONDS seconds"
	sed 's/^/# /' said
}

no_allocations_fail() {
	echo 0 >$debug/failslab/probability && echo 0 >$debug/fail_page_alloc/probability
}

# Of who asks one of a hundred small allocations fails, and one of a hundred of pages, also those that may wait. The
# filter comes first: this shell is not to be hit.
allocations_fail() {
	local what

	for what in failslab fail_page_alloc; do
		echo Y >$debug/$what/task-filter && echo -1 >$debug/$what/times && echo N >$debug/$what/ignore-gfp-wait &&
			echo 0 >$debug/$what/verbose || return
	done
	echo N >$debug/fail_page_alloc/ignore-gfp-highmem && echo 0 >$debug/fail_page_alloc/min-order &&
		echo 1 >$debug/failslab/probability && echo 1 >$debug/fail_page_alloc/probability
}

# reaches_much: the other places are of what lockers run, of locks of kinds that are not there, and of the module's
# beginning and end.
reaches_much() {
	local reached
	reached=$(sed -n 's/ places reached$//p' said)
	echo "$reached of $nr_places places"
	((reached * 100 >= nr_places * 40))
}

echo "crlock-test: $work" >/dev/kmsg
watch_log
background stopped hold flock:w:flock --same posix:r:5-9: ofd:w:0-1:ofd --child flock:r:mapped --map flock:w:sent --in-flight
background running hold posix:w:1-1:running
background gone hold flock:w:gone
end_background
kill -STOP "$stopped"
until_true grep -q '^State:	T' "/proc/$stopped/status"

echo +memory >$cgroups/cgroup.subtree_control
new_group crlock-fuzz-free
new_group crlock-fuzz-tight 512K

check "each request is answered, or refused with a reason" in_group crlock-fuzz-free fuzz_says "${watch[@]}" -n "$alone"
tell
((nr_places == 0)) || check "much of the module is reached" reaches_much
like "all kinds were there" "$(grep -m 1 ' requests: ' said)" \
	"^$alone requests: [1-9][0-9]* good, [1-9][0-9]* attribute, [1-9][0-9]* length, [1-9][0-9]* header, [1-9][0-9]* junk,"
check "each dump of a crowd is answered" in_group crlock-fuzz-free fuzz_says -n "$crowd" -j 64 -c
tell
like "dumps were interrupted, and sockets closed while they were under way" "$(grep -m 1 ' requests: ' said)" \
	'; [1-9][0-9]* dumps interrupted, [1-9][0-9]* closed;'
nothing_kept crlock-fuzz-free

# A snapshot that the group has no room for.
specs=(ofd:w:0-0:many)
for ((i = 1; i < 4000; i++)); do
	specs+=(--same "ofd:w:$((2 * i))-$((2 * i)):")
done
background many hold "${specs[@]}"
echo 3 >$printk
check "the family goes on when who asks is killed for want of memory" \
	fuzz_says -n "$scarce" -j 8 -c -g $cgroups/crlock-fuzz-tight
tell
like "some were" "$(tail -n 1 said)" ', [1-9][0-9]* killed; 0 failures$'
nothing_kept crlock-fuzz-tight

if ((has_failslab)); then
	allocations_fail
	check "the family goes on when allocations fail" fuzz_says -n "$failing" -f
	no_allocations_fail
	tell
	like "some did" "$(tail -n 1 said)" '; [1-9][0-9]* times no memory, [1-9][0-9]* of them with a reason, '
fi
echo "$printk_before" >$printk
if ((has_kmemleak)); then
	# What is new is found at the second scan.
	echo scan >$kmemleak && echo scan >$kmemleak
	is "no memory is lost" "$(grep -A 40 'crlock' $kmemleak)" ""
fi

until_true grep -q '^crlock [0-9]* 0 ' /proc/modules
like "nothing holds the module" "$(grep '^crlock ' /proc/modules)" '^crlock [0-9]+ 0 '
check "all that the kernel said was heard" log_is_whole
sed -i "1,/crlock-test: ${work//\//.}\$/d" log
check "the kernel has nothing to complain of" splats_but_of_want log
finish
