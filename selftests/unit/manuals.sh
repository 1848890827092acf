#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What --help, the manuals and the completions say of options is the same, and the manuals are well formed.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

readonly man=$root/user/man
manuals=("$man"/*.[1-8])
commands=("crlock" "crlock graph" "crlock ls" "crlock info" "crlock monitor" "crlock show" "crlock verify" "crdump" "crrestore")
plan $((5 * ${#commands[@]} + 3 * ${#manuals[@]} + 19))
cd "$work" || exit

# Options --------------------------------------------------------------------------------------------

# help_options COMMAND...: of the lines that begin with one, up to two blanks or a word that is a value.
help_options() {
	"$@" --help | grep -E '^ +-' | sed -E 's/^ +//; s/  .*//' | grep -oE -- '(^|[ ,])--?[A-Za-z][A-Za-z-]*' |
		tr -d ' ,' | sort -u
}

# manual_options PAGE: of the heads of paragraphs in OPTIONS.
manual_options() {
	sed -n '/^\.SH OPTIONS/,/^\.SH [^O]/p' "$1" | grep -A 1 '^\.TP' | grep -vE '^(\.TP|--)' | sed 's/\\-/-/g' |
		grep -oE -- '(^|[ ",])--?[A-Za-z][A-Za-z-]*' | tr -d ' ",' | sort -u
}

# completions WORD...: what comes in place of the last word.
completions() {
	(
		compopt() { :; }
		# shellcheck source=/dev/null
		. "$root/user/completions/$1"
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
		"_$1"
		printf '%s\n' "${COMPREPLY[@]}"
	)
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
	is "$command: so has the completion, as far as they are long" \
		"$(completions "${words[@]}" -- | grep -x -- '--..*' | sort)" "$(grep -x -- '--..*' <<<"$options")"
	# What is said to be there is taken: then something else is missing, not the option.
	taken=''
	for option in $options; do
		[[ $("${words[@]}" "$option" --help 2>&1 </dev/null) == *"no such option"* ]] && taken+=" $option"
	done
	is "$command takes all of them" "$taken" ""
	like "$command --help cites the manual" "$("${words[@]}" --help)" "See ${command// /-}\(8\)"
done

# Columns, kinds and sources are in the manual and in the completion too.
columns=$(crlock ls --help | sed -n '/^Columns:/,/^$/s/^  \([A-Z-]*\) .*/\1/p' | sort)
is "crlock ls: the manual has all columns" \
	"$(sed -n '/^\.SH COLUMNS/,/^\.SH NAMES/p' "$man/crlock-ls.8" | grep -A 1 '^\.TP' | grep -E '^\.BR? ' |
		sed 's/\\-/-/g' | grep -oE '[A-Z][A-Z-]+' | grep -vx BR | sort)" "$columns"
is "so has the completion" "$(completions crlock ls --output '' | sort)" "$columns"
is "which goes on after a comma" "$(completions crlock ls --output PID,NH)" PID,NHOLDERS
is "and after a plus" "$(completions crlock ls --output = +NH)" +NHOLDERS
columns=$(crlock monitor --help | sed -n '/^Columns:/,/^$/s/^  \([A-Z-]*\) .*/\1/p' | sort)
is "crlock monitor: the manual has all columns" \
	"$(sed -n '/^\.SH COLUMNS/,/^\.SH JSON/p' "$man/crlock-monitor.8" | grep -A 1 '^\.TP' | grep -E '^\.BR? [A-Z]' |
		sed 's/\\-/-/g' | grep -oE '[A-Z][A-Z-]+' | grep -vx BR | sort)" "$columns"
is "so has the completion" "$(completions crlock monitor --output '' | sort)" "$columns"
events=$(sed -n 's/^\tCRLOCK_EVENT_\([A-Z]*\),$/\L\1/p' "$root/uapi/linux/crlock.h" | sort)
is "and the manual all events" \
	"$(sed -n '/^\.SH EVENTS/,/^\.SH COLUMNS/p' "$man/crlock-monitor.8" | grep -A 1 '^\.TP' | sed -n 's/^\.B //p' | sort)" \
	"$events"
is "so has the completion" "$(completions crlock monitor --event '' | sort)" "$events"
is "of kinds" "$(completions crlock ls -k flock,l | xargs)" "flock,lease flock,layout"
is "of sources" "$(completions crlock ls --source '' | xargs) $(completions crlock graph -s k) $(completions crdump --source = p)" \
	"auto kmod proc kmod proc"
is "crlock verify: the manual has all rules" \
	"$(sed -n '/^\.SH RULES/,/^\.SH JSON/s/^\.BR\? \([a-z\\-]*\).*/\1/p' "$man/crlock-verify.8" | tr -d "\\\\" | sort)" \
	"$(crlock verify --list --json | sed -n 's/.*"rule": "\(.*\)".*/\1/p' | sort)"
check "of processes" grep -qx "$$" <(completions crdump -t '')
mkdir directory
: >file
is "of directories" "$(completions crdump -D '') $(completions crrestore -D d) $(completions crlock show '')" "directory directory directory"
is "of verify" "$(completions crlock verify --proc d) $(completions crlock verify -w '')" "directory "
is "of files" "$(completions crlock ls --file f)" file
is "of commands" "$(completions crlock '' | head -n 5 | xargs)" "graph info ls monitor show"
is "none of what it does not know" "$(completions crlock frob -)" ""

# Exit statuses ----------------------------------------------------------------------------------------

# statuses PAGE
statuses() {
	sed -n '/^\.SH EXIT STATUS/,/^\.SH [^E]/s/^\.B \([0-9]*\)$/\1/p' "$1" | xargs
}
is "the manual of crlock has all statuses of the program" "$(statuses "$man/crlock.8")" \
	"$(sed -n 's/^\tSTATUS_.* = \([0-9]*\),.*/\1/p' "$root/user/crlock/say.h" | sort -nu | xargs)"
is "those of crdump and crrestore have theirs" \
	"$(for page in crdump crrestore; do statuses "$man/$page.8"; done | tr ' ' '\n' | sort -nu | xargs)" \
	"$(sed -n 's/^\tSTATUS_.* = \([0-9]*\),.*/\1/p' "$root/user/image/status.h" | xargs)"

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
