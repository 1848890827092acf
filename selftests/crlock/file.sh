#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# crlock ls --file finds a file's locks by any of its paths, and disturbs nobody.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

cd "$work" || exit
plan 44

# found PATH: whose locks are found, and where.
found() {
	crlock ls --raw --noheadings --output PID,KIND --source="$source" --file "$1"
}

mkdir dir dir2 lower upper overlay-work merged
# On two filesystems, so that it has to make up devices for stat(2).
mount -t tmpfs none lower
: >lower/below
: >lower/copied
mount -t overlay none merged -o lowerdir=lower,upperdir=upper,workdir=overlay-work
mount --bind dir dir2
background holder hold flock:w:dir/file posix:w:0-9:merged/new ofd:r:0-9:merged/below flock:w:dir/other
ln -s dir/file link
ln -s "$work/link" link2
ln dir/file dir/hard
background directory flock dir sh -c 'echo $$; exec cat'
: >none
mkfifo fifo

# The lower file's superblock is not the one that stat(2) tells.
isnt_the_same() {
	[[ $(stat -c '%Hd:%Ld' "$1") != "$(cell DEV --source=kmod --file "$1" | tr -d ' ')" ]]
}
check "on overlayfs stat(2) tells another device" isnt_the_same merged/below

for source in kmod proc; do
	is "$source: the file" "$(found dir/file)" "$holder FLOCK"
	is "$source: an absolute path" "$(found "$work/dir/file")" "$holder FLOCK"
	is "$source: a link" "$(found link)" "$holder FLOCK"
	is "$source: a link to a link" "$(found link2)" "$holder FLOCK"
	is "$source: another name" "$(found dir/hard)" "$holder FLOCK"
	is "$source: through a bind mount" "$(found dir2/file)" "$holder FLOCK"
	is "$source: through a descriptor of the holder" "$(found "/proc/$holder/fd/3")" "$holder FLOCK"
	is "$source: a directory" "$(found dir | cut -d ' ' -f 2)" "FLOCK"
	is "$source: on overlayfs, a file of the upper layer" "$(found merged/new)" "$holder POSIX"
	like "$source: on overlayfs, a file of the lower layer" "$(found merged/below)" "^($holder|\?) OFD\$"
	is "$source: and below the overlay it is another" "$(found lower/below)" ""
	is "$source: a file without locks" "$(found none)" ""
	is "$source: a fifo" "$(timeout 10 crlock ls --file fifo --source=$source --noheadings; echo $?)" 0
	is "$source: a device" "$(found /dev/null)" ""

	# In a mount namespace where another file has that path.
	is "$source: the path is one of this mount namespace" \
		"$(unshare -m sh -c "mount -t tmpfs none dir && : >dir/file &&
			crlock ls --raw --noheadings --source=$source --file dir/file"; found dir/file)" "$holder FLOCK"
done

# A look at a leased file must not break the lease.
background pid hold lease:w:dir/leased
for source in kmod proc; do
	found dir/leased >/dev/null
	is "$source: a lease is not broken by looking" "$(cell STATE --file dir/leased | tr -d ' ')" WRITE
done
kill -KILL "$pid" "$holder"
until_true umount merged

# Copied up while it is locked: the lock stays, and is found by the name.
mount -t overlay none merged -o lowerdir=lower,upperdir=upper,workdir=overlay-work
background pid hold flock:r:merged/copied
echo more >>merged/copied
for source in kmod proc; do
	is "$source: a file of overlayfs that was copied up since" "$(found merged/copied)" "$pid FLOCK"
done
kill -KILL "$pid"
until_true umount merged
umount dir2 lower

background pid hold flock:w:dir/file
rm dir/file dir/hard
for source in kmod proc; do
	refused "$source: a name that is gone" 1 "dir/file: No such file or directory" crlock ls --file dir/file
	refused "$source: a link that leads nowhere" 1 "link: No such file or directory" crlock ls --file link
done
like "a path that was removed is told so" "$(crlock ls --noheadings --output PATH --kind flock)" \
	"$work/dir/file \(deleted\)"
finish
