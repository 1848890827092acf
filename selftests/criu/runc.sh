#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Containers of Debian's runc, which takes crlock-criu for criu(8).

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

readonly rootfs=$work/bundle/rootfs images=$work/images

plan 28

# install_program NAME: with its libraries, into the container's file system.
install_program() {
	local path library

	path=$(command -v "$1")
	install -D -t "$rootfs/bin" "$path"
	for library in $(ldd "$path" | grep -o '/[^ ]*'); do
		install -D "$library" "$rootfs$library"
	done
}

# configure NAMESPACE...: the container's own ones. It has two processes, which share a lock.
configure() {
	local namespaces

	namespaces=$(printf ',{"type":"%s"}' "$@")
	(($#)) || namespaces=','
	cat >"$work/bundle/config.json" <<-END
		{
			"ociVersion": "1.0.2",
			"process": {
				"user": { "uid": 0, "gid": 0 },
				"args": [ "/bin/flock", "/srv/lock", "/bin/counter", "/srv/count" ],
				"env": [ "PATH=/bin" ],
				"cwd": "/"
			},
			"root": { "path": "rootfs" },
			"mounts": [ { "destination": "/proc", "type": "proc", "source": "proc" } ],
			"linux": { "namespaces": [${namespaces#,}], "cgroupsPath": "/box" }
		}
	END
}

# engine COMMAND...: runc; the container's output goes through a pipe to a file, what runc says itself is in said.
engine() {
	rm -f said
	timeout 120 runc --criu "$build/bin/crlock-criu" --log said "$@" </dev/null > >(cat >out) 2>&1 || {
		cat out said "$images"/*.log
		return 1
	}
} 2>/dev/null

start() {
	: >"$rootfs/srv/count"
	engine run -d --bundle bundle box || return
	until_true grep -q ready "$rootfs/srv/count"
	pid=$(pid_of)
	[[ $pid ]]
}

# state_of FIELD
state_of() {
	runc state box 2>/dev/null | sed -n "s/^  \"$1\": \"\\?\\([^\",]*\\)\"\\?,\\?$/\\1/p"
}

pid_of() {
	state_of pid
}

checkpoint() {
	rm -rf "$images"
	engine checkpoint --image-path "$images" --work-path "$images" --file-locks "$@" box
}

# locked: whether somebody has the container's lock.
locked() {
	! unlocked
}

unlocked() {
	flock -n "$rootfs/srv/lock" true
}

# has_more LINES
has_more() {
	(($(wc -l <"$rootfs/srv/count") > $1))
}

# goes_on: whether the container counts.
goes_on() {
	until_true has_more "$(wc -l <"$rootfs/srv/count")" && ! grep -qx 'memory changed' "$rootfs/srv/count"
}

# steady: whether no number is missing.
steady() {
	sed 1d "$rootfs/srv/count" | awk '$1 != NR { exit 1 }'
}

# refused PATTERN COMMAND...: it fails, and the log says why.
refused() {
	local pattern=$1

	shift
	"$@" >/dev/null && return 1
	cat out said "$images"/*.log >told 2>/dev/null
	grep -E -- "$pattern" told || {
		cat told
		return 1
	}
}

end_container() {
	runc kill --all box KILL
	until_true test ! -e "/proc/$pid"
	until_true runc delete box
}

cd "$work" || exit
mkdir -p "$rootfs"/{bin,dev,proc,srv}
install_program flock
install_program counter

# In the machine's namespaces ------------------------------------------------------------------------

configure
start || finish
report $? "a container runs"
check "it has a lock" locked
pipe=$(readlink "/proc/$pid/fd/1")
check "it is checkpointed" checkpoint
is "and is gone" "$(state_of status)" ""
check "so are its processes, once they are reaped" until_true test ! -e "/proc/$pid"
check "and its lock" unlocked
like "the checkpoint has both processes" "$(crlock show --json "$images" | tr -d ' \n')" '"comm":"flock".*"comm":"counter"'
check "it is restored" engine restore -d --bundle bundle --image-path "$images" --work-path "$images" box
is "and runs" "$(state_of status)" running
is "as the same process" "$(pid_of)" "$pid"
check "in its cgroup" grep -x "0::/box" "/proc/$pid/cgroup"
is "below its directory" "$(readlink "/proc/$pid/root")" "$rootfs"
like "writes into the pipe of who restored it" "$(readlink "/proc/$pid/fd/"{1,2} | grep -vxF "$pipe" | uniq -c)" \
	'^ *2 pipe:'
check "it has its lock again" locked
check "it goes on" goes_on
check "from where it was" steady

check "it goes on after a checkpoint that leaves it running" checkpoint --leave-running
is "as runc knows" "$(state_of status)" running
check "and does" goes_on

# What is not supported ------------------------------------------------------------------------------

check "a pre-dump is refused" refused "CRIU is missing features" checkpoint --pre-dump
check "lazy restoring is" refused "CRIU is missing features" checkpoint --lazy-pages
check "a page server is" refused "option ps is not supported" checkpoint --page-server 127.0.0.1:9999
is "the container runs all the same" "$(state_of status)" running
check "and goes on" goes_on
end_container
configure mount
start || finish
report $? "a container with a mount namespace of its own runs"
check "it is not checkpointed, for that reason" refused "is in a mnt namespace of its own" checkpoint
is "and runs on" "$(state_of status)" running
check "it goes on" goes_on
end_container
finish
