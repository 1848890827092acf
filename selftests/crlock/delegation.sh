#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Delegations and layouts, which servers have of files: listed, and verified, while they last and while they break.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

cd "$work" || exit
plan 10
keep_leases
insmod "${CRLOCK_DELEGATE:-$build/kmod-foreign-$(uname -r)/delegate.ko}" || exit

# said FILE: what /proc/locks has of it, but for its device.
said() {
	sed -nE "s/^[0-9]+: (.*) [0-9a-f:]+:$(stat -c %i "$1") (.*)/\1 \2/p" /proc/locks
}
# verified: how many limits of the format there are that the module alone knows of, and what is wrong.
verified() {
	crlock verify | sed -n 's/^.*descriptors: //p; s/.*[ ,]\([0-9]* layout\).*/\1/p'
}

: >opened
: >removed
: >laid-out
# shellcheck disable=SC2016
background holder bash -c 'exec 7<opened 8<removed 9<laid-out && cd /sys/module/delegate/parameters &&
	echo 7 >delegation && echo 8 >delegation && echo 9 >layout && echo $$ && exec cat'

is "/proc/locks has a delegation" "$(said opened)" "DELEG  ACTIVE    READ $holder 0 EOF"
is "so has crlock" "$(cell KIND,STATE,HOLDERS --raw --file opened)" "DELEG READ $holder:7"
is "a layout is a LEASE in /proc/locks" "$(said laid-out)" "LEASE  ACTIVE    READ $holder 0 EOF"
is "and not in crlock" "$(cell KIND,STATE,HOLDERS --raw --file laid-out)" "LAYOUT READ $holder:9"
is "of which verify tells" "$(verified | xargs)" "no difference 1 layout"

background _ breaker w opened
like "an open breaks a delegation" "$(said opened)" "^DELEG  BREAKING  UNLCK $holder 0 EOF\$"
is "as crlock tells" "$(cell KIND,PENDING --raw --file opened)" "DELEG UNLCK"
# What changes the file's name waits too.
rm -f removed &
remover=$!
background_pids+=("$remover")
until_true waits "$remover"
like "so does what removes the file" "$(said removed)" "^DELEG  BREAKING  UNLCK $holder 0 EOF\$"
like "which waits for a delegation" "$(grep -- "-> .* $remover " /proc/locks)" \
	"-> DELEG  BREAKER   WRITE $remover <none>:0 0 EOF\$"
is "and nothing is wrong" "$(verified | xargs)" "no difference 1 layout"
finish
