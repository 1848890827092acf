#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What README.md names is there: tests, targets of make, pictures; and the matrix says what its last table does.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

plan 5
cd "$root" || exit

# missing_tests: those in columns of tables and in promises of which there is no source.
missing_tests() {
	local name

	# shellcheck disable=SC2016
	grep -oE '`(bench|crlock|dump|kmod|libcrlock|man|restore|unit|whole)/[a-z_-]+(\.sh)?`' README.md | tr -d '`' | sort -u |
		while read -r name; do
			[[ -x selftests/$name || -e selftests/$name.c ]] || echo "$name"
		done
}

missing_targets() {
	comm -23 <(grep -oE '(`|^    (\$ |# )?(sudo )?)make [a-z-]+' README.md | sed 's/.* //' | sort -u) \
		<(sed -n 's/^# \([a-z-]*\): .*/\1/p' Makefile | sort -u)
}

missing_pictures() {
	local name

	grep -oE '!\[[^]]*\]\([^)]*\)' README.md | sed 's/.*(\(.*\))/\1/' | while read -r name; do
		[[ -s $name ]] || echo "$name"
	done
}

# rows: of the last table, those that name one of the matrix: its name, and what the table says of this, /proc and CRIU.
rows() {
	# shellcheck disable=SC2016
	sed -n 's/^| [^|]*| \([^|]*\) | \([^|]*\) | [^|]* | \([^|]*\) | row `\(.*\)` |$/\4|\1|\2|\3/p' README.md
}

# same_rows: the same of the matrix, where what the module tells is restored too.
same_rows() {
	# shellcheck disable=SC2016
	local row

	rows | cut -d '|' -f 1 | while read -r row; do
		grep -F "| $row |" selftests/MATRIX.md |
			sed 's/^| \([^|]*\) | \([^|]*\) | \([^|]*\) | \([^|]*\) | \([^|]*\) | \([^|]*\) |$/\1|\2|\3|\6/; s/right/yes/g; s/wrong/no/g'
	done
}

is "the tests that it names" "$(missing_tests)" ""
is "the targets of make" "$(missing_targets)" ""
is "the pictures" "$(missing_pictures)" ""
check "some rows are of the matrix" test "$(rows | wc -l)" -ge 4
is "which says the same" "$(rows)" "$(same_rows)"
finish
