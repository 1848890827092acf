#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# From one machine to another, with another kernel: processes that are dumped in a VM on 6.1 are restored in one on
# 6.12, from a directory and from a stream. Each says itself whether its state is what it was; of locks the other
# machine must tell what the first did.
#
# The guests run this script too: test-migrate.sh leave|arrive SHARE. What a process needs of files it has in memory
# of the guest, so that locks are those of an ordinary filesystem; they are carried over as well.

set -u
readonly here=/tmp/migrate
readonly fixtures=(lock-flock lock-posix lock-ofd lock-lease memory-private memory-shared vdso-time)
readonly limit=60

# In the guests --------------------------------------------------------------------------------------------

says() {
	grep -q "^$2" "$here/$1/status" 2>/dev/null
}

# until_says FIXTURE WORD
until_says() {
	local end=$((SECONDS + limit))

	until says "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.05
	done
}

# locks_of FIXTURE: all, by whomever.
locks_of() {
	crlock ls --noheadings --raw --output KIND,HELD,STATE,START,END,HOLDERS,PATH 2>/dev/null |
		grep "$here/$1/" | sort
}

load_module() {
	[[ $CRLOCK_MIGRATE_MODULE != yes ]] || insmod "$CRLOCK_BUILD/kmod-$(uname -r)/crlock.ko"
}

# For either way once; what a file holds is the same, for nobody was told to go on in between.
leave() {
	local fixture pid

	# Smaller ids are those of threads of the other kernel.
	echo 1000 >/proc/sys/kernel/ns_last_pid
	for fixture in "${fixtures[@]}"; do
		mkdir -p "$here/$fixture"
		(cd "$here/$fixture" && exec setsid "$programs/$fixture" </dev/null >/dev/null 2>&1) &
		disown $!
	done
	for fixture in "${fixtures[@]}"; do
		until_says "$fixture" 'ready ' || echo "$fixture: does not begin"
		pid=$(sed -n 's/^ready //p' "$here/$fixture/status")
		locks_of "$fixture" >"$share/$fixture.locks"
		timeout "$limit" crdump -R -t "$pid" -D "$share/$fixture.images" || echo "$fixture: is not dumped"
		timeout "$limit" crdump --stream -t "$pid" >"$share/$fixture.stream" ||
			echo "$fixture: is not dumped to a stream"
		cp -a "$here/$fixture" "$share/$fixture.files"
	done
}

restore() {
	case $1 in
	directory) timeout "$limit" crrestore -d -D "$share/$2.images" ;;
	stream) timeout "$limit" crrestore --stream -d <"$share/$2.stream" ;;
	esac
}

# arrive_one WAY FIXTURE: says what is wrong.
arrive_one() {
	mkdir -p "$here"
	rm -rf "${here:?}/$2"
	cp -a "$share/$2.files" "$here/$2"
	restore "$1" "$2" </dev/null || return
	diff "$share/$2.locks" <(locks_of "$2")
	: >"$here/$2/go"
	until_says "$2" 'done' || echo "it does not come to its end"
	grep '^not ok' "$here/$2/status"
	pkill -KILL -x "${2:0:15}"
}

arrive() {
	local way fixture

	for way in directory stream; do
		for fixture in "${fixtures[@]}"; do
			arrive_one "$way" "$fixture" >"$share/$fixture.$way.said" 2>&1
			: >"$share/$fixture.$way.over"
		done
	done
}

if (($# == 2)); then
	share=$2 programs=$CRLOCK_BUILD/test/whole/fixtures
	PATH=$CRLOCK_BUILD/bin:$PATH
	load_module
	"$1"
	exit
fi

# Here -----------------------------------------------------------------------------------------------------

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

readonly run=$root/selftests/vm/run from=6.1 to=6.12
plan $((2 + 2 * ${#fixtures[@]} + 1))

# guest KERNEL leave|arrive
guest() {
	timeout 1000 "$run" -k "$1" -t 900 --rw "$work" -e CRLOCK_BUILD="$build" -e CRLOCK_MIGRATE_MODULE="$module" -- \
		bash "$root/selftests/vm/test-migrate.sh" "$2" "$work" 2>&1
}

# has_module KERNEL
has_module() {
	[[ -e $build/kmod-$("$root/selftests/vm/kernel" "$1" | tail -n 1)/crlock.ko ]]
}

# With the module, if there is one for both.
module=no
has_module "$from" && has_module "$to" && module=yes
printf '# with the module: %s\n' "$module"

is "processes leave a machine with $from" "$(guest "$from" leave | grep -v 'module crlock is not loaded')" ""
is "locks among what they have" "$(cat "$work"/lock-*.locks | cut -d ' ' -f 1 | sort -u | xargs)" "FLOCK LEASE OFD POSIX"
is "and arrive on one with $to" "$(guest "$to" arrive)" ""
for way in directory stream; do
	for fixture in "${fixtures[@]}"; do
		is "$fixture: from a $way" "$(cat "$work/$fixture.$way.said" "$work/$fixture.$way.over" 2>&1)" ""
	done
done
finish
