# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What tests in shell share. A test is a bash script that begins with
#
#   . "$(dirname "$0")/../lib.sh"
#   plan 2
#   check "what is so" COMMAND...      ok if COMMAND succeeds
#   is "what is so" GOT WANTED         ok if the two are equal
#   skip "what would be" REASON
#   finish
#
# It has a fresh directory $work, which goes away, as does every process that it has started, unless its environment is
# another.

set -u

root=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${CRLOCK_BUILD:-$root/build}
# Debian's programs before others of their names: packages of Python modules are for its Python, and what a version manager
# puts before it is a script that an emulated CPU needs seconds for.
PATH=$build/bin:$build/test:/usr/sbin:/usr/bin:/sbin:/bin:$PATH
export LC_ALL=C
work=$(mktemp -d "${TMPDIR:-/tmp}/crlock-test.XXXXXX")
# What took too long.
readonly in_vain=$work/.in-vain
# By this its processes are known, and those that are restored of them.
export CRLOCK_TEST=$work
# A kernel that watches itself is as many times slower.
readonly patience=${CRLOCK_PATIENCE:-1}
test_number=0 test_failures=0 test_planned=0 background_pids=()

descendants() {
	grep -lszxF "CRLOCK_TEST=$work" /proc/[0-9]*/environ | cut -d/ -f3
}

has_died() {
	[[ ! -e /proc/$1 ]] || grep -q '^State:.Z' "/proc/$1/status"
}

# What is killed may take a while to end, and is not to meet what the next test does to the kernel: see monitor.sh.
clean_up() {
	local pid pids

	read -r -d '' -a pids < <(echo "${background_pids[@]}" && descendants)
	for pid in "${pids[@]}"; do
		kill -KILL "$pid"
	done
	wait
	for pid in "${pids[@]}"; do
		until_true has_died "$pid"
	done
	cd / && rm -rf "$work"
} 2>/dev/null
trap clean_up EXIT

plan() {
	test_planned=$1
	printf 'TAP version 13\n1..%d\n' "$1"
}

# report STATUS NAME
report() {
	((++test_number))
	if (($1)); then
		((++test_failures))
		printf 'not ok %d %s\n' "$test_number" "$2"
	else
		printf 'ok %d %s\n' "$test_number" "$2"
	fi
}

# What a failing command printed explains the failure.
check() {
	local name=$1 output status

	shift
	output=$("$@" 2>&1)
	status=$?
	report "$status" "$name"
	((status == 0)) || sed 's/^/# /' <<<"status $status of: $*"$'\n'"$output"
}

is() {
	[[ $2 == "$3" ]]
	report $? "$1"
	[[ $2 == "$3" ]] || printf '%s\n' "got:" "$2" "wanted:" "$3" | sed 's/^/# /'
}

# like NAME GOT PATTERN: an extended regular expression.
like() {
	[[ $2 =~ $3 ]]
	report $? "$1"
	[[ $2 =~ $3 ]] || printf '%s\n' "got:" "$2" "wanted, as a pattern:" "$3" | sed 's/^/# /'
}

skip() {
	((++test_number))
	printf 'ok %d %s # SKIP %s\n' "$test_number" "$1" "$2"
}

# skip_rest NAME WHY: all that was planned and has not been run, which is the end.
skip_rest() {
	while ((test_number < test_planned)); do
		skip "$@"
	done
	finish
}

# What was waited for in vain is a failure, too, though it may not have mattered.
finish() {
	((test_number == test_planned)) || printf '# %d tests of %d\n' "$test_number" "$test_planned"
	[[ ! -s $in_vain ]] || sed 's/^/# waited in vain: /' "$in_vain"
	[[ $test_failures == 0 && $test_number == "$test_planned" && ! -s $in_vain ]]
	exit
}

# background NAME COMMAND...: starts COMMAND and waits for its first line of output, of which the last word
# is put into the variable NAME. Its standard input stays open until the test ends.
background() {
	local name=$1 line fifo

	shift
	fifo=$work/.fifo-$RANDOM-$RANDOM
	mkfifo "$fifo" "$fifo.in"
	"$@" <"$fifo.in" >"$fifo" &
	background_pids+=($!)
	disown $!
	# Held open without a reader or writer of its own that could end it early.
	exec {background_in}>"$fifo.in" {background_out}<"$fifo"
	read -r -t $((30 * patience)) line <&"$background_out" || {
		# By that it tells that the time is up.
		(($? <= 128)) || printf '%s\n' "a line of $*" >>"$in_vain"
		line=''
	}
	rm -f "$fifo" "$fifo.in"
	printf -v "$name" '%s' "${line##* }"
	[[ $line ]]
}

# end_background: closes the standard input of the last one started, and waits until it is gone.
end_background() {
	exec {background_in}>&-
	tail -s 0.05 -f /dev/null --pid "${background_pids[-1]}"
}

# timeout SECONDS COMMAND...
timeout() {
	command timeout $(($1 * patience)) "${@:2}"
}

# until_true COMMAND...: waits until it succeeds, for a minute at most: two guests share a slow machine.
until_true() {
	local end=$((SECONDS + 60 * patience))

	until "$@" >/dev/null 2>&1; do
		((SECONDS < end)) || {
			printf '%s\n' "$*" >>"$in_vain"
			return 1
		}
	done
}
