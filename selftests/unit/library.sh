#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# libcrlock as others build with it: its symbols, its header, what pkg-config says.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

library=$build/lib/libcrlock.so.0
plan 22
cd "$work" || exit

# Symbols --------------------------------------------------------------------------------------------

listed=$(sed -n '/^global:/,/^local:/s/^\t\(crlock_[a-z_]*\);$/\1/p' "$root/user/libcrlock/libcrlock.map" | sort)
# shellcheck disable=SC2086
is "the library exports what libcrlock.map names, with its version, and nothing else" \
	"$(nm -D --defined-only "$library" | awk '$2 == "T" { print $3 }' | sort)" \
	"$(printf '%s@@CRLOCK_0\n' $listed)"
is "and what crlock.h declares" \
	"$(grep -oE '^(int|void|uint32_t|uint64_t|const char) \*?crlock_[a-z_]+\(' "$root/user/libcrlock/crlock.h" | grep -oE 'crlock_[a-z_]+' | sort)" \
	"$listed"
is "the archive has no other names that a program could have too" \
	"$(nm --defined-only -g "$build/lib/libcrlock.a" | awk 'NF == 3 { print $3 }' | grep -v '^crlock_')" ""
is "its name" "$(objdump -p "$library" | awk '$1 == "SONAME" { print $2 }')" libcrlock.so.0
is "it needs libmnl and libc alone" "$(objdump -p "$library" | awk '$1 == "NEEDED" { print $2 }' | grep -vE 'lib(a|ub)san' | sort | xargs)" \
	"libc.so.6 libmnl.so.0"
is "it has no state of its own that can be written" \
	"$(objdump -t "$build/lib/libcrlock.a" | awk '/ O (\.data|\.bss|\*COM\*)[ \t]/ { print $NF }')" ""
is "it prints nothing" "$(nm -D --undefined-only "$library" | grep -oE '\b(v?f?printf|puts|perror|stderr|stdout|exit|abort)\b')" ""

# Header ----------------------------------------------------------------------------------------------

include=(-I"$root/user/libcrlock" -I"$root/uapi")
printf '#include <crlock.h>\nint main(void) { struct crlock *c; return crlock_open(&c) ? 1 : (crlock_close(c), 0); }\n' >use.c
cp use.c use.cc
strict=(-Wall -Wextra -Wpedantic -Werror)
for standard in c99 c11 gnu17; do
	check "the header is of $standard" gcc -std=$standard "${strict[@]}" "${include[@]}" -c use.c -o use.o
done
for standard in c++11 c++17 c++20; do
	check "the header is of $standard" g++ -std=$standard "${strict[@]}" "${include[@]}" -c use.cc -o use.o
done
printf '#include <linux/crlock.h>\nint main(void) { return sizeof(struct crlock_lock) == 0; }\n' >uapi.c
check "so is the module's, alone" gcc -std=c99 "${strict[@]}" -I"$root/uapi" -c uapi.c -o uapi.o
check "in which no struct has a hole" gcc -Wpadded "${strict[@]}" -I"$root/uapi" -c uapi.c -o uapi.o

# Linking ------------------------------------------------------------------------------------------------

# What is installed must do: nothing of this tree is in the words of pkg-config.
env -u MAKEFLAGS -u MAKELEVEL make -s -C "$root" O="$build" DESTDIR="$work/tree" PREFIX=/usr LIBDIR=/usr/lib install-library >/dev/null 2>said
is "it can be installed" "$(<said)" ""
export PKG_CONFIG_SYSROOT_DIR=$work/tree PKG_CONFIG_PATH=$work/tree/usr/lib/pkgconfig
# shellcheck disable=SC2046
check "a program links with the words of pkg-config" \
	gcc use.c -o use $(pkg-config --cflags --libs crlock) -Wl,-rpath,"$work/tree/usr/lib"
check "and takes the library" sh -c 'ldd use | grep -q "libcrlock.so.0 => '"$work"'/tree"'
# shellcheck disable=SC2046
check "so does one in C++" g++ use.cc -o use-cc $(pkg-config --cflags --libs crlock) -Wl,-rpath,"$work/tree/usr/lib"
# The manual ----------------------------------------------------------------------------------------------

/usr/bin/python3 "$root/selftests/man/examples.py" unpack "$root/user/man/libcrlock.3" examples
cp examples/1/text example.c
check "the example of the manual compiles" gcc -std=gnu17 -Wall -Werror "${include[@]}" -c example.c -o example.o
is "the manual has all functions" \
	"$(grep -oE '^\.BI "[^"]*\bcrlock_[a-z_]+\(' "$root/user/man/libcrlock.3" | grep -oE 'crlock_[a-z_]+' | sort)" "$listed"
is "the version is the module's" "$(pkg-config --modversion crlock)" \
	"$(sed -n 's/.*CRLOCK_VERSION "\(.*\)"/\1/p' "$root/kmod/main.h")"
finish
