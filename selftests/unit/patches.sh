#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The patches in patches/linux-VERSION could be sent: each is listed, applies to that version's sources as a mail, and has
# nothing that the kernel's checkpatch.pl would remark.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# What checkpatch.pl takes for the top of a kernel tree.
readonly top=(COPYING CREDITS Kbuild MAINTAINERS Makefile README)
readonly top_directories=(Documentation arch include drivers fs init ipc kernel lib scripts)
# Without its license checker, which needs Python modules and all of LICENSES/.
readonly checker=(scripts/checkpatch.pl scripts/spelling.txt scripts/const_structs.checkpatch)

directories=("$root"/patches/linux-*)
patches=("$root"/patches/linux-*/*.patch)
plan $((4 * ${#directories[@]} + 2 * ${#patches[@]}))

# touched PATCH...: files that they change, and that are there without them.
touched() {
	awk '/^diff --git / { file = substr($3, 3); wanted[file] }
		/^new file / { delete wanted[file] }
		END { for (file in wanted) print file }' "$@" | sort
}

# extract VERSION FILE... OUTPUT: an archive of these files of the version's sources.
extract() {
	local tree=linux-source-$1 sources

	sources=$(mktemp -d "$work/sources.XXXXXX")
	tar -xJf "/usr/src/$tree.tar.xz" -C "$sources" "${@:2:$#-2}" && tar -cf "${!#}" -C "$sources/$tree" .
}

# members VERSION PATCH...: prints the path of the archive of what is needed to apply and check them. To find some files
# in the sources takes many seconds, so it is kept for as long as the same are wanted.
members() {
	local tree=linux-source-$1 files

	mapfile -t files < <({ printf '%s\n' "${top[@]}" "${checker[@]}" && touched "${@:2}"; } | sort -u | sed "s,^,$tree/,")
	(
		here=$root/selftests/vm
		# shellcheck source=../vm/common.sh
		. "$here/common.sh"
		cached "$tree-$({ stat -c '%s %Y' "/usr/src/$tree.tar.xz" && printf '%s\n' "${files[@]}"; } | hash_of -).tar" \
			extract "$1" "${files[@]}"
	)
}

# tree VERSION PATCH...: makes a repository.
tree() {
	local archive

	archive=$(members "$@") || return
	mkdir "$work/$1" && cd "$work/$1" || return
	mkdir -p "${top_directories[@]}"
	tar -xf "$archive" && git init -q && git add -A && git commit -q -m "$1"
}

export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org

for directory in "${directories[@]}"; do
	version=${directory##*/linux-}
	mapfile -t series <"$directory/series"
	is "$version: all patches are in the series, in order" "${series[*]}" "$(cd "$directory" && echo *.patch)"
	check "$version: the sources have the files" tree "$version" "${series[@]/#/$directory/}"
	cd "$work/$version" || exit
	check "$version: the patches apply as mails" git am -q "${series[@]/#/$directory/}"
	is "$version: one commit each" "$(git rev-list --count HEAD)" $((${#series[@]} + 1))
	for patch in "${series[@]}"; do
		is "$version: checkpatch.pl has nothing to say of $patch" \
			"$(scripts/checkpatch.pl --strict --terse --no-summary "$directory/$patch" 2>&1)" ""
		author=$(sed -n '/^From:/{N;s/\n *\(<\)/ \1/;s/\n.*//;s/^From: //p;q}' "$directory/$patch")
		is "$version: its author has signed off" "$(sed -n 's/^Signed-off-by: //p' "$directory/$patch")" "$author"
	done
done
finish
