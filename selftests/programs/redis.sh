#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# redis-server, which listens on a unix socket and on a TCP port. With a client it is refused.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

readonly port=16379

# Debian's redis-tools have the server too, under the name of one of its uses, and no service that starts.
start_redis() {
	start /dev/null bash -c 'exec -a redis-server redis-check-rdb "$@"' redis \
		--save '' --bind 127.0.0.1 --port "$port" --unixsocket socket --loglevel warning
}

ask() {
	redis-cli -s socket "$@"
}

ask_by_tcp() {
	redis-cli -p "$port" "$@"
}

answers() {
	[[ $(ask PING) == PONG ]]
}

# connect OPTION...: a client that stays, and has been answered; its process is $client.
connect() {
	# Held open by both, so that it does not end.
	exec {requests}<>requests
	redis-cli "$@" <requests >answers &
	client=$!
	background_pids+=("$client")
	echo PING >&"$requests"
	until_so grep -q PONG answers
}

# refused NAME PATTERN OPTION...: while there is such a client. It is gone when the server says so.
refused() {
	connect "${@:3}" || return
	check "$source: with $1 it is not dumped" fails_to dump
	like "$source: and that is said in one line" "$(wc -l <said) $(<said)" \
		"^1 crdump: $pid: descriptor [0-9]+: .*$2\$"
	check "$source: and it goes on" answers
	kill "$client"
	wait "$client"
	exec {requests}>&-
	until_so has_no_client
} 2>/dev/null

fails_to() {
	! "$@" 2>said
}

# Who asks is one.
has_no_client() {
	[[ $(ask INFO clients) == *connected_clients:1[^0-9]* ]]
}

plan $((15 * ${#sources[@]}))
for source in "${sources[@]}"; do
	use "$source"
	fresh
	mkfifo requests
	start_redis
	check "$source: redis-server answers" until_so answers
	ask SET word 'kept "here"' >said
	ask RPUSH list $(seq 1000) >said
	ask SET brief gone PX 1 >said
	refused 'a client on the unix socket' 'a unix socket with a peer, .*outside the tree \(--external .* allows it\)' -s socket
	refused 'a client by TCP' 'TCP connection .*, established: cannot be restored; close it first' -p "$port"
	round_trip redis-server
	check "$source: redis-server answers on the unix socket" answers
	is "$source: a string is there" "$(ask GET word)" 'kept "here"'
	is "$source: a list is there, by TCP" "$(ask_by_tcp LRANGE list 0 -1 | md5sum)" "$(seq 1000 | md5sum)"
	is "$source: what is over is not" "$(ask GET brief)" ""
	ask_by_tcp SHUTDOWN NOSAVE
	check "$source: redis-server ends as it is told" until_so is_gone
	end_members
done
finish
