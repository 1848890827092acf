#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What --help and the manuals say of options is the same, each option has an example, and the manuals are well formed.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=options.sh
. "$(dirname "$0")/options.sh"

readonly man=$root/user/man
manuals=("$man"/*.[1-8])
plan $((6 * ${#commands[@]} + 3 * ${#manuals[@]} + 12))
cd "$work" || exit

# Options --------------------------------------------------------------------------------------------

# manual_options PAGE: of the heads of paragraphs in OPTIONS.
manual_options() {
	sed -n '/^\.SH OPTIONS/,/^\.SH [^O]/p' "$1" | grep -A 1 '^\.TP' | grep -vE '^(\.TP|--)' | sed 's/\\-/-/g' |
		grep -oE -- '(^|[ ",])--?[A-Za-z][A-Za-z-]*' | tr -d ' ",' | sort -u
}

# without_example COMMAND...: options that no example of its manual has, under any of their names.
without_example() {
	local names name typed

	typed=$(/usr/bin/python3 "$root/selftests/man/examples.py" words "$(page_of "$*")" | tr -s " '\"=" '\n')
	help_lines "$@" | while read -r -a names; do
		# Those of which none is short are no names of the same one.
		[[ ${names[0]} == --* ]] || names=("${names[*]}")
		for name in "${names[@]}"; do
			grep -qxFe "${name// /$'\n'}" <<<"$typed" || printf '%s\n' "$name"
		done
	done
}

# of COMMAND: its page.
page_of() {
	local page=${1// /-}

	printf '%s/%s.8' "$man" "$page"
}

for command in "${commands[@]}"; do
	read -r -a words <<<"$command"
	options=$(help_options "${words[@]}")
	like "$command --help names options" "$options" '--help'
	is "$command: the manual has the same options as --help" "$(manual_options "$(page_of "$command")")" "$options"
	is "$command: each has an example" "$(without_example "${words[@]}")" ""
	# What is said to be there is taken: then something else is missing, not the option.
	taken=''
	for option in $options; do
		[[ $("${words[@]}" "$option" --help 2>&1 </dev/null) == *"no such option"* ]] && taken+=" $option"
	done
	is "$command takes all of them" "$taken" ""
	read -r lines columns < <("${words[@]}" --help | awk '{ if (length > most) most = length } END { print NR, most }')
	check "$command --help fits a terminal: $lines lines of $columns columns" \
		test $((lines <= 24 && columns <= 80)) = 1
	like "$command --help cites the manual" "$("${words[@]}" --help)" "See ${command// /-}\(8\)"
done

# Columns, events and rules are in the manual too.
is "crlock ls: the manual has all columns" \
	"$(sed -n '/^\.SH COLUMNS/,/^\.SH NAMES/p' "$man/crlock-ls.8" | grep -A 1 '^\.TP' | grep -E '^\.BR? ' |
		sed 's/\\-/-/g' | grep -oE '[A-Z][A-Z-]+' | grep -vx BR | sort)" "$(columns crlock ls)"
is "crlock monitor: the manual has all columns" \
	"$(sed -n '/^\.SH COLUMNS/,/^\.SH JSON/p' "$man/crlock-monitor.8" | grep -A 1 '^\.TP' | grep -E '^\.BR? [A-Z]' |
		sed 's/\\-/-/g' | grep -oE '[A-Z][A-Z-]+' | grep -vx BR | sort)" "$(columns crlock monitor)"
is "and all events" \
	"$(sed -n '/^\.SH EVENTS/,/^\.SH COLUMNS/p' "$man/crlock-monitor.8" | grep -A 1 '^\.TP' | sed -n 's/^\.B //p' | sort)" \
	"$(events)"
is "crlock verify: the manual has all rules" \
	"$(sed -n '/^\.SH RULES/,/^\.SH JSON/s/^\.BR\? \([a-z\\-]*\).*/\1/p' "$man/crlock-verify.8" | tr -d "\\\\" | sort)" \
	"$(crlock verify --list --json | sed -n 's/.*"rule": "\(.*\)".*/\1/p' | sort)"

# Interfaces -------------------------------------------------------------------------------------------

# of_header PATTERN: names in the header of the module that match it, but for those that only count.
of_header() {
	grep -oE "^	$1" "$root/uapi/linux/crlock.h" | tr -d '\t' | grep -vE '_(CMD|A|REGSET)_(UNSPEC|MAX)$' | sort -u
}
of_manual() {
	grep -oE "\\b$1\\b" "$man/crlock.4" | sort -u
}
is "the module's manual has all commands" "$(of_manual 'CRLOCK_CMD_[A-Z_]+')" "$(of_header 'CRLOCK_CMD_[A-Z_]+')"
is "and all attributes" "$(of_manual 'CRLOCK_A_[A-Z_]+')" "$(of_header 'CRLOCK_A_[A-Z_]+')"
is "and all parameters" \
	"$(sed -n '/^\.SH PARAMETERS/,/^\.SH WHO/s/^\.B \([a-z_]*\)$/\1/p' "$man/crlock.4" | sort)" \
	"$(sed -n 's/^module_param(\([a-z_]*\),.*/\1/p' "$root"/kmod/*.c | sort)"
is "the images' manual has all of their numbers" \
	"$(grep -oE '\(?\b[0-9a-f]{8}\b' "$man/crlock-images.5" | tr -d '(' | sort -u)" \
	"$(sed -n 's/^#define IMAGE_MAGIC_.*0x//p' "$root/user/image/magic.h" | sort -u)"

# Exit statuses ----------------------------------------------------------------------------------------

# statuses PAGE
statuses() {
	sed -n '/^\.SH EXIT STATUS/,/^\.SH [^E]/s/^\.B \([0-9]*\)$/\1/p' "$1" | xargs
}
is "the manual of crlock has all statuses of the program" "$(statuses "$man/crlock.8")" \
	"$(sed -n 's/^\tSTATUS_.* = \([0-9]*\),.*/\1/p' "$root/user/crlock/say.h" | sort -nu | xargs)"
# of_sources DIRECTORY: those that are named there.
of_sources() {
	grep -rhoE '\bSTATUS_[A-Z_]+' "$root/user/$1" | sort -u | while read -r name; do
		sed -n "s/^	$name = \([0-9]*\),.*/\1/p" "$root/user/image/status.h"
	done | sort -n | xargs
}
is "that of crdump too" "$(statuses "$man/crdump.8")" "$(of_sources dump)"
is "that of crrestore too" "$(statuses "$man/crrestore.8")" "$(of_sources restore)"
is "that of crlock-criu too" "$(statuses "$man/crlock-criu.8")" "$(of_sources criu)"

# Form -----------------------------------------------------------------------------------------------

# cited PAGE: pages of this project that it names and that are not there.
cited() {
	local name section

	sed 's/\\-/-/g' "$1" | grep -oE '^\.BR (cr|libcr)[a-z-]+ \([1-8]\)' | tr -d '()' |
		while read -r _ name section; do
			[[ $name == criu || -e $man/$name.$section ]] || printf '%s(%s)\n' "$name" "$section"
		done
}
for page in "${manuals[@]}"; do
	name=${page##*/}
	is "$name is well formed" "$(LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null)" ""
	is "$name has what a page must have" \
		"$(grep -cE '^\.SH (NAME|SYNOPSIS|DESCRIPTION|SEE ALSO)$' "$page") $(sed -n 's/^\.TH \([A-Z\\-]*\) \([1-8]\) .*/\1.\2/p' "$page" | tr -d "\\\\" | tr '[:upper:]' '[:lower:]')" \
		"4 $name"
	is "$name cites pages that are there" "$(cited "$page")" ""
done
finish
