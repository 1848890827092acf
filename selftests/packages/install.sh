#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The packages: DKMS builds the module for this kernel, it is loaded, by hand and by the programs that need it, what is
# dumped by it can be restored, and a purge leaves nothing behind.
# needs: nomodule
# needs: packages

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR source=ccache.sh
. "$(dirname "$0")/ccache.sh"

readonly packages=(crlock-dkms crlock-tools libcrlock0 libcrlock-dev)
readonly layered=(etc usr var)
PATH=/usr/sbin:/usr/bin:$PATH
if [[ ! -e /lib/modules/$(uname -r)/build ]]; then
	plan 1
	skip "the packages are installed" "there are no headers of this kernel for DKMS"
	finish
fi
plan 25

# What is written -----------------------------------------------------------------------------------------

# From now on what is written below these folders is kept apart from what was there, which is $work/below.
put_layers() {
	local dir

	mkdir "$work/below" && mount --bind / "$work/below" || return
	for dir in "${layered[@]}"; do
		mkdir -p "$work/written/$dir" "$work/layer/$dir"
		mount -t overlay overlay /"$dir" \
			-o "lowerdir=/$dir,upperdir=$work/written/$dir,workdir=$work/layer/$dir" || return
	done
	mount -t tmpfs boot /boot
}

take_layers() {
	cd /
	! grep -q '^crlock ' /proc/modules || rmmod crlock
	umount -l /boot "${layered[@]/#//}" "$work/below"
}
trap 'take_layers; clean_up' EXIT

# written: each path that is not as it was. To what package managers and DKMS keep for themselves belongs the key that
# DKMS makes for the machine.
written() {
	local type path

	(cd "$work/written" && find . -mindepth 2 -printf '%y %P\n') | while read -r type path; do
		case $path in
		var/lib/dpkg/* | var/log/* | var/cache/ldconfig/* | var/lib/dkms/mok.*) continue ;;
		esac
		if [[ $type == d ]]; then
			[[ -d $work/below/$path ]] || printf '%s\n' "$path"
		else
			cmp -s "$work/below/$path" "$work/written/$path" || printf '%s\n' "$path"
		fi
	done | sort
}

is_loaded() {
	grep -q '^crlock ' /proc/modules
}

# loaded NAME yes|no: and it is unloaded.
loaded() {
	local state=no

	! is_loaded || state=yes
	is "$1" "$state" "$2"
	! is_loaded || rmmod crlock
}

as_nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

check "what is written can be told from what was there" put_layers
# Of the kernels that are installed DKMS builds for the one that runs, and for the newest of those in /boot.
cp "$work/below/boot/config-$(uname -r)" /boot/
# To read all manuals again and again takes longer than all else.
rm -f /var/lib/man-db/auto-update
before=$(written)

# Installing ------------------------------------------------------------------------------------------------

keep_compiled "$build/deb"
export CCACHE_READONLY=1 CCACHE_TEMPDIR=$work/ccache
debs=()
for package in "${packages[@]}"; do
	debs+=("$build/deb/${package}"_*.deb)
done
check "they can be installed" dpkg -i "${debs[@]}"
is "all are configured" "$(dpkg-query -W -f '${db:Status-Abbrev}\n' "${packages[@]}" | sort -u)" "ii "
version=$(dpkg-query -W -f '${Version}' crlock-dkms)
is "DKMS has built the module for this kernel" \
	"$(dkms status)" "crlock/$version, $(uname -r), $(uname -m): installed"
like "it is where modprobe looks" "$(modinfo -F filename crlock | sed "s|$(uname -r)|RELEASE|")" \
	"^/(usr/)?lib/modules/RELEASE/updates/dkms/crlock\.ko(\.xz)?\$"
is "it is signed with the key of the machine" "$(modinfo -F signer crlock)" "DKMS module signing key"
openssl x509 -inform DER -in /var/lib/dkms/mok.pub -noout -serial >"$work/serial"
is "which is the one that can be enrolled" "serial=$(modinfo -F sig_key crlock | tr -d :)" "$(<"$work/serial")"

# Loading ---------------------------------------------------------------------------------------------------

check "modprobe loads it" modprobe crlock
like "it answers" "$(crlock info)" "version: +$version"
rmmod crlock
crlock ls --no-load >/dev/null 2>"$work/said"
loaded "with --no-load the programs do not" no
like "which they say" "$(<"$work/said")" "^crlock: module crlock is not loaded \(modprobe crlock loads it, or says why\): /proc does not tell"
crlock ls --source=proc >/dev/null
loaded "nor if they are not to ask it" no
as_nobody crlock ls >/dev/null 2>&1
loaded "nor for others than root" no
is "for root they do" "$(crlock ls --noheadings 2>&1 >/dev/null)" ""
loaded "so that it is there" yes
printf 'blacklist crlock\n' >>/etc/modprobe.d/crlock.conf
like "but not against what modprobe.d says" "$(crlock info 2>&1)" "^crlock: module crlock is not loaded \(modprobe crlock loads it, or says why\)\$"
sed -i '/^blacklist/d' /etc/modprobe.d/crlock.conf

# Programs ---------------------------------------------------------------------------------------------------

mkdir "$work/files"
cd "$work/files" || exit
(
	exec 9>file </dev/null >/dev/null 2>&1
	flock 9
	exec setsid sleep 100000
) &
pid=$!
# lock_of_sleep: the lock that the process has; flock(1), which has set it, is gone.
lock_of_sleep() {
	crlock ls --source=kmod --raw --noheadings --output COMMAND,KIND,HELD,PATH --pid "$pid"
}
is_holding() {
	[[ $(lock_of_sleep) == "sleep FLOCK WRITE $work/files/file" ]]
}
check "a lock is seen" until_true is_holding
rmmod crlock
check "it is dumped with the process" crdump -t "$pid" -D image
loaded "by way of the module" yes
wait "$pid"
check "and restored" crrestore -d -D image
check "the lock is there again" is_holding
kill -KILL "$pid"
printf '#include <crlock.h>\nint main(void) { struct crlock *c; int err = crlock_open(&c); crlock_close(c); return err != 0; }\n' >use.c
# shellcheck disable=SC2046
check "a program builds with the library's package" gcc use.c -o use $(pkg-config --cflags --libs crlock)
check "and runs with the other" ./use

# Removing ---------------------------------------------------------------------------------------------------

rmmod crlock
check "they can be purged" dpkg --purge "${packages[@]}"
is "nothing of them is left" "$(written)" "$before"
finish
