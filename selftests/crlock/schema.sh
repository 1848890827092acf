#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What crlock prints as JSON is what uapi/*.schema.json say, by python3-jsonschema; and a member that they do not have
# is seen.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"
cd "$work" || exit
plan 21
keep_leases

# add FILTER FILE FILE: what jq makes of the first file is the second.
add() {
	jq -c "$1" "$2" >"$3"
}

# Checkpoints --------------------------------------------------------------------------------------------

mkdir files && cd files || exit
background tree setsid /usr/bin/python3 "$root/selftests/crlock/show_fixture.py" 2>/dev/null
cd ..
crdump -R -t "$tree" -D whole
crdump --locks-only --source proc -t "$tree" -D proc 2>/dev/null
background parent hold flock:w:shared --child
crdump --locks-only --external-locks -t "$(pgrep -P "$parent")" -D external
for image in whole proc external; do
	crlock show --json $image >show-$image
done
is "there are processes, files, a zombie, and locks that are shared or not" \
	"$(jq -s -c '[.[].processes[].state, .[].locks[].sharing.state, (.[] | has("files"))] | unique' show-*)" \
	'[null,false,true,"alive","private","shared","unknown","zombie"]'

# Locks -------------------------------------------------------------------------------------------------

# A lock of every kind and state that programs can make, a holder of every kind, and waiters.
background pid hold flock:w:flock --same posix:r:5-9: --same posix:w:100-: --dup 20 ofd:w:0-1:ofd --child \
	lease:r:lease --child lease:w:to-read --break r lease:w:to-nothing --break w \
	lease:w:both --break r --break w flock:r:mapped --map flock:w:sent --in-flight
background waiter waiter posix:w:100-101:flock
background breaker breaker r to-read
until_true waits "$waiter"

crlock ls --json --output-all >ls-kmod
crlock ls --json >ls-columns
crlock ls --json --output-all --source proc >ls-proc
crlock ls --json --pid $$ >ls-empty
is "there are locks with holders and waiters of all kinds" \
	"$(jq -c '[.locks[] | (.holders[].kind, (.waiters[] | "waits"))] | unique' ls-kmod)" '["descriptor","in-flight","mapping","waits"]'

# Comparing ----------------------------------------------------------------------------------------------

mkdir -p "copy/$pid"
cp -r "/proc/$pid/fdinfo" "copy/$pid"
sed 's/OFDLCK/POSIX /' /proc/locks >copy/locks
crlock verify --json >verify-same
crlock verify --json --verbose --proc copy --pid "$pid" >verify-different
crlock verify --json --list >verify-list
is "there are differences, and limits" "$(jq -c '[.differences, .limited | length > 0]' verify-different)" '[true,true]'

# Events -------------------------------------------------------------------------------------------------

# Events of one CPU, as in monitor.sh.
! grep -q "QEMU TCG" /proc/cpuinfo || taskset -pc 0 $$ >/dev/null
crlock monitor --json >events &
monitor=$!
until_true test -s events
hold posix:w:0-9:ranges lease:w:leased --break w </dev/null >/dev/null
flock mark true
until_true grep -q '"path":"[^"]*mark"' events
kill -INT $monitor
wait $monitor
is "there are events" "$(jq -s -c '[.[].event] | contains(["start", "set", "released", "asked", "broken"])' events)" true

# All of it ------------------------------------------------------------------------------------------------

add '.locks[0].new = 1' ls-kmod ls-new
add '.locks[0].holders[0].new = 1' ls-kmod ls-holder
add '.locks[0].new = 1' show-whole show-new
add '.files[0].new = 1' show-whole show-file
add '.differences[0].new = 1' verify-different verify-new
add 'select(.event == "set") | .new = 1' events event-new
/usr/bin/python3 "$root/selftests/crlock/schema.py" "$root/uapi" >judged <<'END'
ls ls-kmod
ls ls-columns
ls ls-proc
ls ls-empty
show show-whole
show show-proc
show show-external
verify verify-same
verify verify-different
verify verify-list
monitor lines events
ls ls-new
ls ls-holder
show show-new
show show-file
verify verify-new
monitor lines event-new
END
for file in ls-kmod ls-columns ls-proc ls-empty show-whole show-proc show-external verify-same verify-different \
	verify-list events; do
	is "$file is as its schema says" "$(grep "^$file:" judged)" "$file: valid"
done
for file in ls-new ls-holder show-new show-file verify-new event-new; do
	like "one member more is seen in $file" "$(grep "^$file:" judged)" "'new' was unexpected|not valid under any"
done
finish
