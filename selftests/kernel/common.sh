# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the scripts of this folder share: how they complain, and what a kernel is built with.

readonly STATUS_CANNOT=2

here=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd -P "$here/../.." && pwd)
readonly here
# Used by those that include this.
# shellcheck disable=SC2034
readonly root
export LC_ALL=C

complain() {
	printf 'check-kernel: %s\n' "$*" >&2
}

die() {
	complain "$@"
	exit "$STATUS_CANNOT"
}

# Nothing of when, by whom and how often it was built gets into a kernel: the same sources make the same file.
export KBUILD_BUILD_TIMESTAMP='1970-01-01' KBUILD_BUILD_USER=crlock KBUILD_BUILD_HOST=crlock KBUILD_BUILD_VERSION=1
# make of the project is not that of the kernel.
unset MAKEFLAGS MAKELEVEL MFLAGS O KDIR V

# kbuild TREE WORD...
kbuild() {
	make --no-print-directory -C "$1" O=obj LOCALVERSION= ARCH=x86 -j"$(nproc)" "${@:2}"
}
