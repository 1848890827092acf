#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The examples of the manuals do what they say. Comments before each, of which no reader of the manual knows, say how:
#
#   .\" before: COMMANDS     what is set up, by functions below; they put processes into $pid, $old and $waiter
#   .\" file: NAME           it is no command, but a file, for those that follow
#   .\" prints: PATTERN      what it prints; an extended regular expression, in which variables are put in
#   .\" status: NUMBER       its exit status, if not 0
#   .\" end: COMMANDS        it does not end by itself, but by these, once it has printed so
#   .\" meanwhile: COMMANDS  what is done until it has
#   .\" after: COMMANDS      what must succeed then
#
# Each begins with /srv, /var/tmp and /mnt empty; those of a page share a directory. $CRLOCK_MANUALS, a pattern of the
# shell, chooses pages.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# What is set up ----------------------------------------------------------------------------------------

export pid='' old='' waiter=''
processes=()

# started PID: $pid, which goes away with its children when the next example comes.
started() {
	pid=$1
	processes+=("$pid")
	background_pids+=("$pid")
	disown "$pid" 2>/dev/null
}

# lock_report: flock(1) and its command, in a session of their own, hold a lock.
lock_report() {
	setsid flock /srv/report.lock sleep 1000 </dev/null >/dev/null 2>&1 &
	started $!
	until_true has_child "$pid"
}

# shell_job: the same in the session of this shell.
shell_job() {
	flock /srv/report.lock sleep 1000 </dev/null >/dev/null 2>&1 &
	started $!
	until_true has_child "$pid"
}

# piped: a process whose output goes to another one.
piped() {
	local pipe

	exec {pipe}> >(exec cat >/dev/null)
	setsid flock /srv/report.lock sleep 1000 </dev/null 2>/dev/null 1>&"$pipe" &
	started $!
	exec {pipe}>&-
	until_true has_child "$pid"
}

has_child() {
	pgrep -P "$1" -x sleep
}

# accounts [SPEC...]: a process that has locks; see hold.
accounts() {
	background pid hold posix:w:0-9:/srv/accounts.db ofd:r:100-199:/srv/disk.img "$@"
}

# wait_for SPEC: a process, $waiter, that waits for a lock; see waiter.
wait_for() {
	background waiter waiter "$1"
	until_true grep -q -- "-> .* $waiter " /proc/locks
}

lease_breaks() {
	background pid hold lease:w:/srv/lease.data --break w
}

# asks_again: a process that takes a lock, and gives it up, whenever it gets a line.
asks_again() {
	background pid /usr/bin/python3 -c '
import fcntl, os, sys
file = open("/srv/report.lock", "w")
print(os.getpid(), flush=True)
for line in sys.stdin:
    fcntl.flock(file, fcntl.LOCK_EX)
    fcntl.flock(file, fcntl.LOCK_UN)'
}

# successor: the locks of $old are dumped, and it is gone; $pid has the same file open at the same number.
successor() {
	background old hold flock:w:/srv/report.lock --fd 9
	crdump --locks-only --kill -t "$old" -D /var/tmp/locks
	background pid hold open:w:/srv/report.lock --fd 9
}

# this_is_host: what goes to another machine by ssh comes to this one.
this_is_host() {
	ln -sf "$work/ssh" "$work/bin/ssh"
}

# The kernel's sources, and what of ours is installed.
kernel_sources() {
	ln -sfn "$build/ynl" /usr/src/linux
	install -D -t /usr/local/share/crlock "$root/uapi/crlock.yaml"
}

schemas() {
	install -D -m 644 -t /usr/local/share/crlock "$root"/uapi/*.json
}

installed_library() {
	make -s -C "$root" O="$build" install-library >/dev/null
}

# What is checked ---------------------------------------------------------------------------------------

# holds PID FILE: whether it holds a lock of the file.
holds() {
	[[ $(crlock ls --pid "$1" --noheadings --output PATH) == "$2" ]]
}

# interrupt: ends crlock, and leaves alone what it is piped to.
interrupt() {
	kill -INT "$(pgrep -g "$example" -x crlock)"
}

# Running -----------------------------------------------------------------------------------------------

# mark NAME: what the comment says.
mark() {
	[[ ! -e $unpacked/$1 ]] || cat "$unpacked/$1"
}

# empty_places: what was there stays, out of sight, until nobody has it any more.
empty_places() {
	local place

	for place in /srv /var/tmp /mnt; do
		! mountpoint -q "$place" || umount -R -l "$place"
		mount -t tmpfs tmpfs "$place" || exit
	done
}

clear_up() {
	local process

	for process in "${processes[@]}"; do
		# shellcheck disable=SC2046
		kill -KILL "$process" $(pgrep -P "$process")
	done
	processes=()
	for process in "${background_pids[@]}"; do
		kill -KILL "$process"
	done
	background_pids=()
	empty_places
	grep -q '^crlock ' /proc/modules || insmod "$CRLOCK_KO"
} 2>/dev/null

has_printed() {
	eval "$(mark meanwhile)"
	[[ $(<said) =~ $prints ]]
}

# run: its exit status is in $status, what it prints in the file said.
run() {
	local typed=(bash -e -o pipefail "$unpacked/text")

	: >said
	if [[ ! $(mark end) ]]; then
		timeout 120 "${typed[@]}" >said 2>&1 </dev/null
		status=$?
		return
	fi
	setsid timeout --foreground 120 "${typed[@]}" >said 2>&1 </dev/null &
	example=$!
	until_true has_printed
	eval "$(mark end)"
	wait "$example"
	status=$?
} 2>>"$work/noise"

# try NAME: of the example in $unpacked.
try() {
	local prints wanted

	eval "$(mark before)"
	wanted=$(mark status)
	prints=$(eval "printf %s \"$(mark prints | sed 's/[\\"]/\\&/g')\"")
	run
	if [[ $status == "${wanted:-0}" && $(<said) =~ $prints ]] && eval "$(mark after)" >>said 2>&1; then
		report 0 "$1"
	else
		report 1 "$1"
		sed 's/^/# /' "$unpacked"/* - said <<<"status $status"
	fi
}

mkdir "$work/bin"
# There the pid is free; here who ended for the stream may still have it.
# shellcheck disable=SC2016
printf '#!/bin/sh\nshift\n{ cat; while test -e "/proc/$pid"; do :; done; } | "$@"\n' >"$work/ssh"
chmod +x "$work/ssh"
PATH=$work/bin:$PATH
empty_places

mapfile -t pages < <(compgen -G "$root/user/man/${CRLOCK_MANUALS:-*}.[1-8]")
for page in "${pages[@]}"; do
	/usr/bin/python3 "$root/selftests/man/examples.py" unpack "$page" "$work/${page##*/}"
done
plan "$(find "$work" -name text | wc -l)"
for page in "${pages[@]}"; do
	mkdir "$work/place" && cd "$work/place" || exit
	number=0
	while [[ -e $work/${page##*/}/$((++number)) ]]; do
		unpacked=$work/${page##*/}/$number
		if [[ $(mark file) ]]; then
			cp "$unpacked/text" "$(mark file)"
			check "${page##*/}: $(mark title)" test -s "$(mark file)"
		else
			try "${page##*/}: $(mark title)"
		fi
		clear_up
	done
	cd / && rm -r "$work/place"
done
umount -R -l /srv /var/tmp /mnt
finish
