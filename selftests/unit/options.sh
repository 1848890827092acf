# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What programs say that they take, for the tests that compare manuals and completions with it.

# shellcheck disable=SC2034
commands=("crlock" "crlock graph" "crlock ls" "crlock info" "crlock monitor" "crlock show" "crlock top" "crlock verify" "crdump" "crrestore" "crlock-criu")

# help_options COMMAND...: of the lines of --help that begin with one, up to two blanks or a word that is a value; in
# each line those of one option, as `-h --help`.
help_lines() {
	"$@" --help | grep -E '^ +-' | sed -E 's/^ +//; s/  .*//' | while read -r line; do
		grep -oE -- '(^|[ ,])--?[A-Za-z][A-Za-z-]*' <<<"$line" | tr -d ' ,' | paste -sd ' '
	done
}

# help_options COMMAND...: each for itself.
help_options() {
	help_lines "$@" | tr ' ' '\n' | sort -u
}

# columns COMMAND...: that --list-columns explains.
columns() {
	"$@" --list-columns | cut -d ' ' -f 1 | sort
}

# events: of crlock monitor.
events() {
	sed -n 's/^\tCRLOCK_EVENT_\([A-Z]*\),$/\L\1/p' "$root/uapi/linux/crlock.h" | sort
}
