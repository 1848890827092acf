#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What cannot be tried is told in one line, with exit status 2, and leaves nothing behind.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

plan 27
cd "$work" || exit

# What the check needs of the project to get to where it looks at patches.
mkdir -p out/bin out/test
: >out/bin/crlock
: >out/test/matrix-row
chmod +x out/bin/crlock out/test/matrix-row

# tree NAME VERSION PATCHLEVEL
tree() {
	mkdir -p "$1/fs" "$1/arch/x86" "$1/include/generated"
	printf 'VERSION = %s\nPATCHLEVEL = %s\nSUBLEVEL = 1\nNAME = none\n' "$2" "$3" >"$1/Makefile"
	: >"$1/Kconfig"
	: >"$1/include/generated/old.h"
	printf 'one\ntwo\nthree\n' >"$1/fs/locks.c"
	printf 'other\n' >"$1/fs/other.c"
}

# refused NAME PATTERN ARGUMENT...
refused() {
	local name=$1 pattern=$2 said status

	said=$("$root/selftests/kernel/check" -o out "${@:3}" 2>&1)
	status=$?
	like "$name" "$status $(wc -l <<<"$said") $said" "^2 1 check-kernel: $pattern\$"
}

# patch FROM TO: one that makes the second line another.
patch_of() {
	printf -- '--- a/fs/locks.c\n+++ b/fs/locks.c\n@@ -1,3 +1,3 @@\n one\n-%s\n+%s\n three\n' "$1" "$2"
}

tree linux 6 12
tree old 5 15
tree arm 6 12
rmdir arm/arch/x86
tree configured 6 12
printf '#\n# Automatically generated file; DO NOT EDIT.\n# Linux/arm64 6.12.1 Kernel Configuration\n' >configured/.config
mkdir empty
patch_of two 2 >good.patch
patch_of zwei 2 >bad.patch
echo nonsense >nonsense.patch

refused "no tree" ".*/nowhere: no such directory" nowhere
refused "a directory that is no tree" ".*/empty is not a kernel's source tree.*" empty
refused "a tree too old" ".*/old is Linux 5\.15; .* 6\.1 or newer" old
refused "a tree without x86" ".*/arm has no arch/x86.*" arm
refused "a tree of another architecture" ".*/configured is configured for arm64.*" configured
refused "a patch that does not apply" ".*/bad\.patch does not apply: .*fs/locks\.c.*" linux bad.patch
refused "no patch" "missing\.patch: no such patch" linux missing.patch
is "nothing is left behind" "$(ls out/kernel 2>&1)" "ls: cannot access 'out/kernel': No such file or directory"
like "no tree at all is bad usage" "$("$root/selftests/kernel/check" 2>&1; echo $?)" "^usage: .*2\$"

# A kernel that does not build -----------------------------------------------------------------------------------

tree broken 6 12
printf 'tinyconfig:\n\t@echo "a.c:1:1: error: no such thing"; false\n' >>broken/Makefile
said=$("$root/selftests/kernel/check" -o out broken 2>&1)
is "a kernel that does not build is told" "$?" 2
like "with what the compiler said" "$said" "^a\.c:1:1: error: no such thing"$'\n'".*broken does not build: its configuration"
is "and nothing is left behind" "$(ls out/kernel)" ""
mkdir small
said=$(unshare -m sh -c 'mount -t tmpfs -o size=1m none small && exec "$@"' sh \
	"$root/selftests/kernel/build" small linux 2>&1)
status=$?
if [[ $said == *unshare* || $said == *mount:* ]]; then
	skip "a full disk is told" "mounting is not allowed"
else
	like "a full disk is told" "$status $said" "^2 check-kernel: .*/small: 1 MiB are free, and a kernel needs 3072\$"
fi

# The scratch copy ---------------------------------------------------------------------------------------------

readonly tool=$root/selftests/kernel/tree.py
copy() {
	"$tool" "$work/linux" "$work/scratch" "$@" 2>&1
}

is "a copy is made" "$(copy)$(cd scratch && find . ! -type d | sort | xargs)" \
	"./Kconfig ./Makefile ./fs/locks.c ./fs/other.c"
check "of links" test -L scratch/fs/locks.c -a -L scratch/fs/other.c
like "a patch that does not apply is named, with its file" "$(copy "$work/bad.patch")" \
	"^check-kernel: .*/bad\.patch does not apply: .*fs/locks\.c"
like "so is one that is none" "$(copy nonsense.patch)" "^check-kernel: .*/nonsense\.patch does not apply: .*"
check "and nothing is touched" test -L scratch/fs/locks.c

: >made
is "a patch is applied" "$(copy good.patch)$(sed -n 2p scratch/fs/locks.c)" 2
is "and not to the tree" "$(sed -n 2p linux/fs/locks.c)" two
check "which makes its file newer" test scratch/fs/locks.c -nt made
check "and no other" test -L scratch/fs/other.c
touch -d 2020-01-01 scratch/fs/locks.c
copy good.patch
check "the same patch again touches nothing" test scratch/fs/locks.c -ot made
copy
is "without the patch it is as it was" "$(<scratch/fs/locks.c)" "$(<linux/fs/locks.c)"
check "and newer than its object" test scratch/fs/locks.c -nt made
old=$("$tool" -n linux)
echo four >>linux/fs/locks.c
check "a change of the tree is seen" test "$("$tool" -n linux)" != "$old"
copy
is "and taken" "$(tail -n 1 scratch/fs/locks.c)" four
finish
