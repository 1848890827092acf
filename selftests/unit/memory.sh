#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What readers of images take of memory and of time is bounded by how large the images are, whatever is in them.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

tool() {
	/usr/bin/python3 "$root/selftests/unit/memory.py" "$@"
}

# In KiB: what is free to an image, and the room of one record.
readonly free=$(((128 + 16) << 10))
# In MiB, of the one image; the others are small.
readonly size=25
kinds=(packed merged numbers files processes locks)
# Of which minutes were taken, for all were looked through for each; and how many of them.
toils=(epoll:160000 foreign:200000 files:200000 holders:200000 shared:200000)
plan $((3 + 4 * ${#kinds[@]} + ${#toils[@]}))
cd "$work" || exit
((EUID == 0)) || skip_rest "an image that takes memory" "only root can dump here"

# bounded COMMAND...: says what it took, if that is more than 4 times the image beside that; $code and $said
# are what became of it.
bounded() {
	read -r code took said < <(timeout 60 /usr/bin/python3 "$root/selftests/unit/memory.py" peak "$@")
	((took <= empty + 4 * (size << 10) + free)) || echo "$took KiB"
}

# in_time COMMAND...: it came to an end.
in_time() {
	timeout 60 unshare -pf --kill-child --mount-proc "$@" -D bad </dev/null
	(($? <= 4))
}

read -r code empty said < <(tool peak crlock --version)
descriptors=$(($(ulimit -Hn) < 10100 ? $(ulimit -Hn) - 100 : 10000))
ulimit -Sn hard
background pid setsid /usr/bin/python3 "$root/selftests/unit/memory.py" hold "$descriptors" 2>/dev/null
check "a process with $descriptors descriptors is dumped" crdump --source=proc -t "$pid" -D good
is "crlock show reads it" "$(crlock show -J good | jq '[.files[].entry.efd // empty] | length')" \
	"$descriptors"
timeout 60 crrestore --check -D good >/dev/null 2>said
check "and crrestore" test $? -le 1

for kind in "${kinds[@]}"; do
	rm -rf bad
	cp -r good bad
	tool swell "$kind" bad "$size"
	for way in "crlock show" "crrestore --check --no-verify -D"; do
		# shellcheck disable=SC2086 # words
		bounded $way bad >took
		is "$kind: $way takes no more than it may" "$(<took)" ""
		like "$kind: it refuses it" "$code $said" "^4 [^ ]+ .*: "
	done
done

for toil in "${toils[@]}"; do
	kind=${toil%:*} way=--check
	rm -rf bad
	cp -r good bad
	rm bad/checksums.img
	tool toil "$kind" bad "${toil#*:}"
	# Shared memory is made before it is missed.
	[[ $kind != shared ]] || way=-d
	check "$kind: what there is much of is not looked through again and again" in_time crrestore $way --no-verify
done
finish
