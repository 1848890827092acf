#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Damage to a real checkpoint is seen, whatever byte it is in, and nothing is restored then; and readers stand what the
# fuzzers have found.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# run COMMAND...: its exit status is $code, what it says $said, and prints $out.
run() {
	"$@" >.out 2>.said </dev/null
	code=$?
	out=$(<.out) said=$(<.said)
}

# refused IMAGE: what the last command did, in one line.
refused() {
	[[ $code == 4 && $said == *"$1: "* && $(wc -l <.said) == 1 ]]
}

# In memory: it is written tens of thousands of times.
memory=$(mktemp -d /dev/shm/crlock-test.XXXXXX) || exit
trap 'rm -rf "$memory"; clean_up' EXIT
cd "$memory" || exit
plan 19
check "inputs that fuzzers found" "$root/selftests/fuzz/run" -o "$build"
((EUID == 0)) || skip_rest "a damaged checkpoint" "only root can dump here"

mkdir files
cd files || exit
background pid setsid /usr/bin/python3 "$root/selftests/crlock/show_fixture.py" 2>/dev/null
cd ..
check "a tree is dumped" crdump --source=proc -t "$pid" -D good
run crlock show --verify good
like "crlock show --verify" "$code $said $out" "^0  [0-9]+ images are as they were written$"
check "every byte that is changed or cut is seen" "$build/test/fuzz/damage" good
run crlock show --verify good
is "and not what was put back" "$code $said" "0 "
run crrestore --check -D good
check "crrestore takes what is good" test "$code" -le 1

# A byte of memory is in no record.
cp -a good bad
printf X | dd of=bad/pages-1.img bs=1 seek=5000 conv=notrunc status=none
for way in --check -d "--locks-only --pid $$"; do
	# shellcheck disable=SC2086 # words
	run crrestore $way -D bad
	check "crrestore $way refuses a bit of memory" refused pages-1.img
	is "crrestore $way: nothing is started" "$(kill -0 "$pid" 2>&1 | grep -c 'No such')" 1
done
run crrestore --no-verify --check -D bad
check "crrestore --no-verify takes it" test "$code" -le 1
truncate -s -1 bad/files.img
rm bad/pstree.img
run crlock show --verify bad
is "crlock show --verify names each image that is damaged" \
	"$code $(grep -oE '[a-z0-9-]+\.img: .*' .said | sort | tr '\n' ';')" \
	"1 files.img: it is not as it was written: it is truncated;pages-1.img: it is not as it was written: its checksum is another;pstree.img: No such file or directory;"
rm bad/checksums.img
run crlock show --verify bad
is "and that the checksums are missing" "$code $said" "1 crlock: bad: checksums.img: it is missing"
run crrestore --check -D bad
check "without which crrestore refuses it" refused checksums.img

# As of CRIU.
cp -a good old
rm old/checksums.img old/crlock.img
run crrestore --check -D old
check "a checkpoint of a program that writes none is taken" test "$code" -le 1
run crlock show --verify old
is "crlock show --verify says that" "$code $said" "1 crlock: old: there are no checksums: crdump did not write it"
rm old/inventory.img
run crlock show --verify old
is "and of what is no checkpoint" "$code $said" "4 crlock: old: no checkpoint: there is no inventory.img"
finish
