#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# crlock info, and what is done about a module of another ABI.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

plan 20
cd "$work" || exit
max=$(</sys/module/crlock/parameters/snapshot_max)

# There is a word for each of the header's bits; those of the first module there were are in every one.
words=$(sed -n 's/^\tCRLOCK_FEATURE_\([A-Z_]*\) = .*/\1/p' "$root/uapi/linux/crlock.h" | tr '[:upper:]_' '[:lower:]-' | xargs)
features=$(crlock info | sed -n 's/^features: *//p')
like "the module has the features of the first" "$features " "^delegations mappings in-flight regsets "
# shellcheck disable=SC2086
is "each feature has a word" "$(printf '%s\n' $features | grep -vxF "$(printf '%s\n' $words)")" ""
run crlock info
is "it works and says nothing" "$status $said" "0 "
is "what the module says of itself" "$out" "version:      $(cat /sys/module/crlock/version 2>/dev/null || crlock --version | cut -d ' ' -f 2)
ABI:          1
kernel:       $(uname -r)
architecture: $(uname -m)
features:     $features
snapshot max: $max bytes
filter max:   4096 processes"
check "JSON, in which each value has its type" /usr/bin/python3 - "$(uname -r)" "$(uname -m)" "$max" "$features" \
	<(crlock info --json) <<'END'
import json, sys
info = json.load(open(sys.argv[5]))
assert list(info) == ["version", "abi", "kernel", "arch", "features", "snapshot_max", "tgids_max"], info
assert info["abi"] == 1 and info["tgids_max"] == 4096, info
assert [info["kernel"], info["arch"], str(info["snapshot_max"])] == sys.argv[1:4], info
assert info["features"] == sys.argv[4].split(), info
assert info["version"].count(".") == 2, info
END
echo $((max / 2)) >/sys/module/crlock/parameters/snapshot_max
like "a parameter that was changed" "$(crlock info)" "snapshot max: $((max / 2)) bytes"
echo "$max" >/sys/module/crlock/parameters/snapshot_max
is "it is the version of the module that is built" "$(crlock info | sed -n 's/^version: *//p')" \
	"$(crlock --version | sed 's/crlock //')"
is "a network namespace is no hindrance" "$(unshare -n crlock info | head -n 1)" "$(crlock info | head -n 1)"

# Another ABI ------------------------------------------------------------------------------------------

background pid hold flock:w:file
other() {
	LD_PRELOAD=$build/test/other-abi.so "$@"
}
readonly words='module crlock [0-9.]+ has ABI 2, this program knows 1 \(load the one of this version\)'
run other crlock info
like "info tells it" "$status $said" "^4 crlock: $words\$"
like "and what else the module says" "$out" "^version: .*ABI: +2"
refused "ls --source=kmod" 4 "$words" other crlock ls --source=kmod
run other crlock ls --raw --noheadings --output KIND,HOLDERS
like "ls takes /proc, and says so" "$status $said" "^0 crlock: $words: /proc does not tell"
is "which works" "$out" "FLOCK $pid:3"
run other crdump --locks-only -t "$pid" -D image --source=kmod
like "crdump --source=kmod" "$status $said" "^5 crdump: $words\$"
check "leaves nothing" test ! -e image
like "and its target goes on" "$(<"/proc/$pid/stat")" "\) S "
run other crdump --locks-only -t "$pid" -D image
like "crdump takes /proc, and says so" "$status $said" "^0 crdump: $words: /proc does not tell"
run crrestore --locks-only -D image -- true
is "which can be restored once the other is gone" "$status" 1
kill -KILL "$pid"
run other crrestore --locks-only -D image -- crlock ls --source=proc --raw --noheadings --output KIND
like "crrestore says nothing it cannot do" "$status $out" "^0 FLOCK\$"
finish
