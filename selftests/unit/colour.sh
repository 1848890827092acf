#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Colours are for terminals, and only for who wants them.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=../crlock/common.sh
. "$(dirname "$0")/../crlock/common.sh"

plan 19
cd "$work" || exit
export TERM=xterm
unset NO_COLOR
esc=$'\033'
red=$esc'\[31m' yellow=$esc'\[33m'

# raw [NAME=VALUE...] COMMAND...: what it writes to a terminal, as it is.
raw() {
	/usr/bin/python3 "$root/selftests/terminal.py" 200 raw env "$@" >shown
	tr -d '\r' <raw
}
list=(crlock ls --source=proc)

background pid hold flock:w:file lease:w:lease
background waiter waiter flock:w:file
until_true waits "$waiter"
background breaker breaker r lease
until_true sh -c 'grep -q BREAKING /proc/locks'

out=$(raw "${list[@]}" --file lease --output STATE,PATH)
like "a lease that is being broken is red" "$out" "${red}WRITE>READ"
like "its path is not" "$out" "$esc\[[0-9;]*m +[^$esc]*/lease"
is "without colours there is the same" "$(<shown)" "$(TERM=dumb raw "${list[@]}" --file lease --output STATE,PATH)"
out=$(raw "${list[@]}" --file file --output STATE,WAITERS)
like "who waits is yellow" "$out" "$yellow$waiter\(waiter\) WRITE"
check "a lock that is held, as locks are, has no colour" sh -c "! grep -q '$red' raw"
is "without a terminal there are none" "$("${list[@]}" --file file | grep -c "$esc")" 0
like "but if they are to be there always" "$("${list[@]}" --file file --color=always)" "$yellow$waiter"

# Reasons not to. To be seen, each is compared with a terminal that has them.
for reason in "NO_COLOR=1" "NO_COLOR=0" "TERM=dumb" "TERM="; do
	is "$reason: none" "$(raw "$reason" "${list[@]}" --file file | grep -c "$esc")" 0
done
like "NO_COLOR that is empty is none" "$(raw NO_COLOR= "${list[@]}" --file file)" "$yellow"
like "the command line comes first" "$(raw NO_COLOR=1 "${list[@]}" --file file --color=always)" "$yellow"
is "--color=never" "$(raw "${list[@]}" --file file --color=never | grep -c "$esc")" 0
like "--color alone is what it is without" "$(raw "${list[@]}" --file file --color) $("${list[@]}" --file file --color | grep -c "$esc")" \
	"$yellow.* 0\$"
for form in --json --raw; do
	is "$form has none ever" "$(raw "${list[@]}" --file file --color=always $form | grep -c "$esc")" 0
done
refused "another word" 2 '--color: yes: not auto, always or never \(--help tells more\)' crlock ls --color=yes
finish
