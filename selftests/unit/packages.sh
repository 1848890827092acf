#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# make deb: what is in the packages, and what lintian says of them.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

plan 9
cd "$work" || exit

# contents PACKAGE: the files in it, without those of documentation that each package has.
contents() {
	dpkg-deb -c "$build/deb/$1"_*.deb | awk '$1 !~ /^d/ { print $6 }' | sed 's|^\./||' | grep -v ^usr/share/doc/ | sort
}

check "they can be built" env -u MAKEFLAGS -u MAKELEVEL make -s -C "$root" O="$build" deb
is "lintian finds nothing" \
	"$(lintian --no-cfg --allow-root --display-info "$build"/deb/crlock_*.changes 2>&1)" ""
is "nothing keeps it from finding something" \
	"$(for deb in "$build"/deb/*.deb; do dpkg-deb -c "$deb"; done | grep -c lintian/overrides)" 0
version=$(sed -n 's/.*CRLOCK_VERSION "\(.*\)"/\1/p' "$root/kmod/main.h")
is "their version is the module's" \
	"$(for deb in "$build"/deb/*.deb; do dpkg-deb -f "$deb" Version; done | sort -u)" "$version"

make -s -C "$root" DESTDIR="$work/tree" dkms-install >/dev/null
is "crlock-dkms has what make dkms-install installs" "$(contents crlock-dkms)" \
	"$(cd tree && find . -type f -printf '%P\n' | sort)"
is "crlock-tools has programs, their manuals and completions" \
	"$(contents crlock-tools | sed 's|[^/]*$||; s|man/man[458]|man/man|' | sort -u | xargs)" \
	"usr/sbin/ usr/share/bash-completion/completions/ usr/share/crlock/ usr/share/fish/vendor_completions.d/ usr/share/man/man/ usr/share/zsh/vendor-completions/"
is "each has a manual" "$(contents crlock-tools | sed -n 's|^usr/sbin/||p')" \
	"$(contents crlock-tools | sed -n 's|^usr/sbin/||p' | while read -r name; do
		contents crlock-tools | sed -n "s|^usr/share/man/man8/\\($name\\)\\.8\\.gz|\\1|p"
	done)"
multiarch=$(dpkg-architecture -q DEB_HOST_MULTIARCH)
is "libcrlock0 has the library" "$(contents libcrlock0)" "usr/lib/$multiarch/libcrlock.so.0"
is "libcrlock-dev has what programs are built with" "$(contents libcrlock-dev | xargs)" \
	"usr/include/crlock.h usr/include/linux/crlock.h $(printf "usr/lib/$multiarch/%s\n" libcrlock.a libcrlock.so pkgconfig/crlock.pc | xargs) usr/share/man/man3/libcrlock.3.gz"
finish
