#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Names of files and processes that strangers chose never reach a terminal as they are.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

names=(
	$'new\nline' $'\e]0;title\a' $'\e[2J\e[31mred' $'carriage\rreturn' $'tab\tbed' 'two words' 'back\x5cslash'
	$'\xff\xfe' $'cut\xe6\x97' $'\xc2\x9b31m' $'\x9b31m' $'\xe2\x80\xaegnp' $'\xe2\x80\xa8line' $'del\x7f'
	'"quotes"' "'\`\$(touch ran)" '-option' 'grün' '日本'
)
# Only these are left as they are; what is a blank becomes \x20 in --raw.
readonly harmless=('two words' 'back\x5cslash' '"quotes"' "'\`\$(touch ran)" '-option' 'grün' '日本')

cd "$work" || exit
mkdir files
cd files || exit
plan 30

keep_leases
# Processes have such names too: 15 bytes of the program's.
specs=()
for name in "${names[@]}"; do
	specs+=("flock:w:./$name")
done
readonly evil=$'\e]0;h\a\n\xffx y'
cp "$(command -v hold)" "../$evil"
cp "$(command -v breaker)" "../${evil}z"
background pid "../$evil" "${specs[@]}" lease:w:lease
background breaker "../${evil}z" r lease

# no_controls FILE: nothing in it but lines of printable UTF-8. The C library judges.
no_controls() {
	/usr/bin/python3 - "$1" <<'END'
import sys, unicodedata
text = open(sys.argv[1], "rb").read().decode("utf-8")
bad = [c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Cs", "Cn")]
assert not bad, bad
END
}

for locale in C C.UTF-8; do
	export LC_ALL=$locale
	for form in "" --raw; do
		# shellcheck disable=SC2086
		run crlock ls $form --output COMMAND,PID,HOLDERS,WAITERS,PATH --pid "$pid"
		is "$locale $form: all are listed" "$status $said" "0 "
		check "$locale $form: nothing but printable characters" no_controls "$work/.out"
		is "$locale $form: one line for each" "$(wc -l <"$work/.out")" $((${#names[@]} + 2))
	done
done

# libsmartcols 2.38 never ends there if it gets anything else.
LC_ALL=C crlock ls --pid "$pid" >"$work/ascii"
check "without UTF-8 in the locale there is but ASCII" sh -c "! grep -qP '[^\\x20-\\x7e]' $work/ascii"
check "of all names" grep -qF 'gr\xc3\xbcn' "$work/ascii"
export LC_ALL=C.UTF-8

crlock ls --noheadings --raw --output PATH --pid "$pid" >"$work/paths"
left=0
for name in "${harmless[@]}"; do
	grep -qxF "$work/files/${name// /\\x20}" "$work/paths" && ((++left))
done
is "what is harmless is left as it is" "$left" "${#harmless[@]}"
check "a newline is told as one" grep -qxF "$work/files/new\\x0aline" "$work/paths"
check "an escape sequence is told as what it is" grep -qxF "$work/files/\\x1b]0;title\\x07" "$work/paths"
check "bytes that are no characters too" grep -qxF "$work/files/\\xff\\xfe" "$work/paths"
check "and what turns the direction" grep -qxF "$work/files/\\xe2\\x80\\xaegnp" "$work/paths"
is "the process's name" "$(cell COMMAND --kind lease)" '\x1b]0;h\x07\x0a\xffx y'
is "a waiter's name" "$(cell WAITERS --kind lease)" "$breaker(\\x1b]0;h\\x07\\x0a\\xffx yz) open for READ"

# JSON has the very name where it can.
crlock ls --json --output-all --pid "$pid" >"$work/json"
# DEL is a character of JSON strings like others, and no terminal minds.
check "JSON is ASCII without controls" sh -c "! grep -qP '[^\\x20-\\x7f]' $work/json"
check "JSON tells names as they are, if they are UTF-8" /usr/bin/python3 - "$work/json" "$work/files" <<'END'
import json, os, sys
paths = {lock["path"] for lock in json.load(open(sys.argv[1]))["locks"]}
names = os.listdir(os.fsencode(sys.argv[2]))
for name in names:
    path = os.fsencode(sys.argv[2]) + b"/" + name
    try:
        wanted = path.decode("utf-8")
    except UnicodeDecodeError:
        continue
    assert wanted in paths, (wanted, paths)
assert len(names) == len(paths) == 20, (len(names), len(paths))
END
check "nothing of it was run" test ! -e ran

# What is said -------------------------------------------------------------------------------------------

for option in --file= --output= --kind= --pid= --source= ""; do
	crlock ls "$option$evil" 2>"$work/said" >"$work/out"
	check "said of a bad ${option:-word}: one printable line" sh -c "[ \$(wc -l <$work/said) = 1 ] && [ ! -s $work/out ] && ! grep -qP '[^\\x20-\\x7e]' $work/said"
done
finish
