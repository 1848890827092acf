# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the scripts of this folder share: how they complain, and where they keep what they build.

readonly STATUS_CRASHED=122 STATUS_SPLAT=123 STATUS_TIMEOUT=124 STATUS_USAGE=125

here=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here

# An ordinary user's path may be without them, and modprobe is there; so is much that a guest's root uses.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

complain() {
	printf 'vm/run: %s\n' "$*" >&2
}

die() {
	complain "$@"
	exit "$STATUS_USAGE"
}

# need COMMAND PACKAGE: dies with the line that installs what is missing.
need() {
	command -v "$1" >/dev/null || die "$1 is missing: apt-get install $2"
}

# Prints the directory that holds what outlives a run. Everything there may be deleted at any time.
cache_directory() {
	local dir=${CRLOCK_BUILD:-$here/../../build}/vm

	mkdir -p "$dir" || die "cannot make $dir: set CRLOCK_BUILD to a directory that can be written"
	cd -P "$dir" && pwd
}

# hash_of FILE...: a name for their contents.
hash_of() {
	cat -- "$@" | sha256sum | cut -c1-16
}

# cached NAME COMMAND...: prints the path of the cache entry NAME; COMMAND, given a path, makes it
# if it is not there. Two that make it at once both succeed: the rename is what publishes it.
cached() {
	local dir path new
	dir=$(cache_directory) || exit
	path=$dir/$1
	shift
	if [[ ! -e $path ]]; then
		new=$(mktemp "$path.XXXXXX") || exit
		if ! "$@" "$new"; then
			rm -f "$new"
			exit "$STATUS_USAGE"
		fi
		chmod 755 "$new"
		mv -f "$new" "$path"
	fi
	printf '%s\n' "$path"
}

# compile SOURCE [FLAG...] OUTPUT
compile() {
	need gcc "gcc libc6-dev"
	gcc -O2 -Wall -Wextra -Wshadow -Werror "${@:2:$#-2}" -o "${!#}" "$1" ||
		die "cannot compile $1: is libc6-dev installed?"
}

# Prints the path of the host's end of the port.
host_program() {
	cached "host-$(hash_of "$here/host.c" "$here/frames.h")" compile "$here/host.c"
}

# has_entry VMLINUX: whether QEMU can start it past the firmware. That is told by a note of owner Xen and type 18,
# XEN_ELFNOTE_PHYS32_ENTRY.
has_entry() {
	readelf --notes --wide "$1" 2>/dev/null | grep -q 'Xen.*0x0*12)'
}
