#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# make install, uninstall and dkms-install: what is there after them.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

tree=$work/tree
plan 27
cd "$work" || exit

# make TARGET VARIABLE=VALUE...: in the tree of sources, which may be a part of another make.
make_it() {
	env -u MAKEFLAGS -u MAKELEVEL make -s -C "$root" O="$build" "$@"
}

# files: all that is there but directories, below $tree, with their modes.
files() {
	(cd "$tree" && find . -not -type d -printf '%m %P\n' | grep -v ' lib/modules/' | sort -k 2)
}

check "it can be installed" make_it install DESTDIR="$tree" PREFIX=/usr
is "programs, library, headers, manuals and completions are there" "$(files)" "$(sort -k 2 <<'END'
755 usr/sbin/crdump
755 usr/sbin/crlock
755 usr/sbin/crlock-criu
755 usr/sbin/crrestore
644 usr/include/crlock.h
644 usr/include/linux/crlock.h
644 usr/lib/libcrlock.a
777 usr/lib/libcrlock.so
755 usr/lib/libcrlock.so.0
644 usr/lib/pkgconfig/crlock.pc
644 usr/share/bash-completion/completions/crdump
644 usr/share/bash-completion/completions/crlock
644 usr/share/bash-completion/completions/crlock-criu
644 usr/share/bash-completion/completions/crrestore
644 usr/share/crlock/crlock-log.schema.json
644 usr/share/crlock/crlock-ls.schema.json
644 usr/share/crlock/crlock-monitor.schema.json
644 usr/share/crlock/crlock-show.schema.json
644 usr/share/crlock/crlock-verify.schema.json
644 usr/share/crlock/crlock.yaml
644 usr/share/fish/vendor_completions.d/crdump.fish
644 usr/share/fish/vendor_completions.d/crlock.fish
644 usr/share/fish/vendor_completions.d/crlock-criu.fish
644 usr/share/fish/vendor_completions.d/crrestore.fish
644 usr/share/man/man3/libcrlock.3
644 usr/share/man/man4/crlock.4
644 usr/share/man/man5/crlock-images.5
644 usr/share/man/man8/crdump.8
644 usr/share/man/man8/crlock.8
644 usr/share/man/man8/crlock-criu.8
644 usr/share/man/man8/crlock-graph.8
644 usr/share/man/man8/crlock-info.8
644 usr/share/man/man8/crlock-ls.8
644 usr/share/man/man8/crlock-monitor.8
644 usr/share/man/man8/crlock-show.8
644 usr/share/man/man8/crlock-top.8
644 usr/share/man/man8/crlock-verify.8
644 usr/share/man/man8/crrestore.8
644 usr/share/zsh/site-functions/_crdump
644 usr/share/zsh/site-functions/_crlock
644 usr/share/zsh/site-functions/_crlock-criu
644 usr/share/zsh/site-functions/_crlock_checkpoints
644 usr/share/zsh/site-functions/_crlock_pids
644 usr/share/zsh/site-functions/_crrestore
END
)"
if [[ -e /lib/modules/$(uname -r)/build ]]; then
	check "so is the module for the running kernel" test -s "$tree/lib/modules/$(uname -r)/updates/crlock.ko"
else
	like "without headers of the running kernel the module is not, which is said" \
		"$(make_it install DESTDIR="$tree" PREFIX=/usr)" "the module is not installed: /lib/modules/$(uname -r)/build"
fi
is "the library's link leads to it" "$(readlink "$tree/usr/lib/libcrlock.so")" libcrlock.so.0
is "the library is the one that is looked for" \
	"$(objdump -p "$tree/usr/lib/libcrlock.so.0" | awk '$1 == "SONAME" { print $2 }')" libcrlock.so.0
is "programs run from there" "$("$tree/usr/sbin/crlock" --version)" "$(crlock --version)"
is "they need no library of ours" "$(ldd "$tree"/usr/sbin/* | grep -c libcrlock)" 0
check "man finds the manual" man --manpath="$tree/usr/share/man" -w crlock-ls
check "it is the one that --help cites" man --manpath="$tree/usr/share/man" -w 3 libcrlock
check "a second time too" make_it install DESTDIR="$tree" PREFIX=/usr
is "no path of the building is in what is installed" \
	"$(grep -rlF "$tree" "$tree" | xargs)$(grep -rlF "$build" "$tree/usr/lib/pkgconfig" "$tree/usr/share" | xargs)" ""
: >"$tree/usr/lib/libcrlock.other"
: >"$tree/usr/share/man/man8/other.8"
check "it can be uninstalled" make_it uninstall DESTDIR="$tree" PREFIX=/usr
is "nothing of it is left, and all else is" "$(cd "$tree" && find . -not -type d | sort | xargs)" \
	"./usr/lib/libcrlock.other ./usr/share/man/man8/other.8"
check "a second time too" make_it uninstall DESTDIR="$tree" PREFIX=/usr
rm -r "$tree"

# Elsewhere, after it was built for another place.
check "it can be installed elsewhere" make_it install DESTDIR="$tree" PREFIX=/opt/crlock LIBDIR=/opt/crlock/lib64
is "the library too" "$(cd "$tree" && find . -name 'libcrlock*' -path '*/lib*' -not -path '*/man*' | sort | xargs)" \
	"./opt/crlock/lib64/libcrlock.a ./opt/crlock/lib64/libcrlock.so ./opt/crlock/lib64/libcrlock.so.0"
like "pkg-config knows" \
	"$(PKG_CONFIG_PATH=$tree/opt/crlock/lib64/pkgconfig pkg-config --cflags --libs crlock)" \
	"^-I/opt/crlock/include -L/opt/crlock/lib64 -lcrlock *\$"
make_it uninstall DESTDIR="$tree" PREFIX=/opt/crlock LIBDIR=/opt/crlock/lib64 >/dev/null
is "and nothing is left" "$(find "$tree" -not -type d)" ""
rm -r "$tree"

# DKMS ------------------------------------------------------------------------------------------------

check "the module's sources can be installed" make_it dkms-install DESTDIR="$tree"
version=$(crlock --version | cut -d ' ' -f 2)
sources=$tree/usr/src/crlock-$version
is "in the folder that dkms looks in" "$(cd "$tree" && find ./usr -mindepth 2 -maxdepth 3 | sort | xargs)" \
	"./usr/src/crlock-$version $(printf "./usr/src/crlock-$version/%s\n" Kbuild dkms.conf kmod uapi | xargs)"
is "dkms.conf names it" "$(bash -c '. "$1" && echo "$PACKAGE_NAME $PACKAGE_VERSION ${BUILT_MODULE_NAME[0]}"' - "$sources/dkms.conf")" \
	"crlock $version crlock"
is "no file is left to be filled in" "$(grep -rl '@[A-Z]*@' "$sources" | xargs)" ""
is "only sources are in it" "$(find "$sources" -type f -not -name '*.[ch]' -printf '%P\n' | sort | xargs)" \
	"Kbuild dkms.conf $(cd "$root" && printf "%s\n" uapi/*.* | sort | xargs)"

# As dkms would, in a copy: the sources must do.
headers=$(find /lib/modules/*/build -maxdepth 0 2>/dev/null | sort -V | tail -n 1)
if [[ $headers ]]; then
	like "with dkms's command it can be built" \
		"$(bash -c 'kernel_source_dir=$2 dkms_tree=$3/dkms
			. "$1/dkms.conf"
			mkdir -p "$dkms_tree/$PACKAGE_NAME/$PACKAGE_VERSION"
			cp -r "$1" "$dkms_tree/$PACKAGE_NAME/$PACKAGE_VERSION/build"
			eval "${MAKE[0]}" && cd "$dkms_tree/$PACKAGE_NAME/$PACKAGE_VERSION/build" && modinfo -F version ./crlock.ko' \
			- "$sources" "$headers" "$work" 2>&1 | tail -n 1)" "^$version\$"
else
	skip "with dkms's command it can be built" "no kernel headers are installed"
fi

# O names our directory, not kbuild's: kernel headers take it for theirs, and find no configuration there.
mkdir kernel
# shellcheck disable=SC2016
printf 'modules:\n\t@echo "O=$(O) M=$(M)"\n' >kernel/Makefile
is "for make modules with O= too" "$(make_it modules O="$work/other" KDIR="$work/kernel")" "O= M=$work/other/kmod"
check "a second time it replaces them" make_it dkms-install DESTDIR="$tree"
is "with the same" "$(find "$sources" -name '*.c' | wc -l)" "$(find "$root/kmod" -name '*.c' | wc -l)"
finish
