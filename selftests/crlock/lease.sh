#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Leases that are being broken: what they were, what they are to become, how long it takes, and who waits.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

readonly seconds='[0-9]+\.[0-9]s'

cd "$work" || exit
plan 27
keep_leases

# state FILE: without the blanks of the table.
state() {
	cell STATE --file "$1" | sed 's/ *$//'
}

# Not broken, and broken without anyone who waits: an open with O_NONBLOCK has gone on.
background pid hold lease:r:r lease:w:w lease:r:r-u --break w lease:w:w-r --break r lease:w:w-u --break w \
	lease:w:w-r-u --break r --break w
is "a read lease" "$(state r)" READ
is "a write lease" "$(state w)" WRITE
like "a read lease that is to be given up" "$(state r-u)" "^READ>UNLCK $seconds\$"
like "a write lease that is to be downgraded" "$(state w-r)" "^WRITE>READ $seconds\$"
like "a write lease that is to be given up" "$(state w-u)" "^WRITE>UNLCK $seconds\$"
like "both pending" "$(state w-r-u)" "^WRITE>READ $seconds>UNLCK $seconds\$"
is "each of it is a column" \
	"$(crlock ls --raw --noheadings --kind lease --output HELD,TARGET,PENDING,PATH | sed "s|$work/||")" \
	"READ READ - r
WRITE WRITE - w
READ UNLCK UNLCK r-u
WRITE READ READ w-r
WRITE UNLCK UNLCK w-u
WRITE UNLCK READ,UNLCK w-r-u"
is "what is not pending has no time" \
	"$(crlock ls --raw --noheadings --kind lease --output BREAK,DOWNGRADE | sed -E "s/$seconds/time/g")" \
	"- -
- -
time -
- time
time -
time time"
is "the time is what is left of fs.lease-break-time, in milliseconds" \
	"$(json '[0 < x["break"] <= 3000000 for x in l]' --file w-u)" "[True]"
before=$(json 'l[0]["break"]' --file w-u)
# Passed on by more than a tick.
less() {
	(($(json 'l[0]["break"]' --file w-u) < before))
}
check "and becomes less" until_true less
is "nobody waits" "$(cell WAITERS --kind lease | tr -d ' \n')" ""
is "the notice goes to the holder" "$(cell NOTICE --file w | sed 's/ *$//')" "SIGIO to process $pid"

# Who waits ------------------------------------------------------------------------------------------

background reader breaker r w-r
background writer breaker w w-r-u
is "an open for reading is named" "$(cell WAITERS --file w-r | sed 's/ *$//')" "$reader(breaker) open for READ"
is "an open for writing is named" "$(cell WAITERS --file w-r-u | sed 's/ *$//')" "$writer(breaker) open for WRITE"
is "also in JSON" "$(json '[[w[n] for n in ("pid", "command", "kind", "type", "breaker")] for w in l[0]["waiters"]]' --file w-r)" \
	"[[$reader, 'breaker', 'LEASE', 'READ', True]]"
is "an open shows in /proc/locks without an inode" "$(grep -c "BREAKER .* <none>:0 " /proc/locks)" 2
is "from /proc they are named too" "$(cell WAITERS --file w-r-u --source=proc | sed 's/ *$//')" \
	"$writer(breaker) open for WRITE"

# From /proc, what is not told is not guessed as if it were.
held='\?' time='\?' unknown=True value='None, None'
if tells_breaks "$pid"; then
	held='' time=$seconds unknown=False value="'READ', [0-9]+"
fi
like "from /proc: to be downgraded" "$(cell STATE --source=proc --file w-r | sed 's/ *$//')" "^WRITE>READ $time\$"
like "from /proc: to be given up, of an open that writes" \
	"$(cell STATE --source=proc --file w-u | sed 's/ *$//')" "^WRITE>UNLCK $time\$"
like "from /proc: to be given up, of an open that reads" \
	"$(cell STATE --source=proc --file r-u | sed 's/ *$//')" "^READ$held>UNLCK $time\$"
is "which is said to be unknown if it is" \
	"$(json '[n in x["unknown"] for x in l for n in ("held", "deadline")]' --source=proc --file r-u)" "[$unknown, $unknown]"
like "and then has no value in JSON" "$(json '[(x["held"], x["break"]) for x in l]' --source=proc --file r-u)" \
	"^\[\($value\)\]\$"

# Two at once, and when they are gone --------------------------------------------------------------------

background second breaker r w-r
is "two of them" "$(json 'sorted(w["pid"] for w in l[0]["waiters"])' --file w-r)" "[$reader, $second]"
kill -KILL "$reader" "$second" "$writer"
gone() {
	[[ ! $(cell WAITERS --file w-r | tr -d ' ') ]]
}
check "who is gone does not wait" until_true gone
like "but the lease goes on to break" "$(state w-r)" "^WRITE>READ $seconds\$"
kill -KILL "$pid"

# Without a time limit ------------------------------------------------------------------------------------

echo 0 >$break_time
background pid hold lease:w:for-ever --break w
is "no deadline" "$(state for-ever)" "WRITE>UNLCK"
is "in JSON too" "$(json '[x["break"] for x in l]' --file for-ever)" "['none']"
finish
