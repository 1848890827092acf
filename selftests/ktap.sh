# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs tests that print KTAP, nests what they print, and counts.

passed=0 failed=0 skipped=0 groups=0

# What awk says of a test's output: a line `counts PASSED FAILED SKIPPED`, and a line for each fault beside
# the tests' own failures.
readonly judge='
	/^1\.\.[0-9]+/ { plan = substr($0, 4) + 0; planned = 1 }
	/^(not )?ok / {
		total++
		if (/^not/) failed++
		else if (/# [Ss][Kk][Ii][Pp]/) {
			skipped++
			if ($0 !~ /# [Ss][Kk][Ii][Pp]( |:)+[^ ]/) { skipped--; failed++; print "a SKIP without a reason: " $0 }
		} else passed++
	}
	END {
		if (!planned) { print "no plan was printed"; failed++ }
		else if (plan != total) { print total + 0 " results, but the plan says " plan; failed++ }
		if (status && !failed) { print "exit status " status; failed++ }
		print "counts", passed + 0, failed + 0, skipped + 0
	}'

# run_test NAME COMMAND...
run_test() {
	local directory

	directory=$(mktemp -d)
	perform "$directory/it" "${@:2}"
	tell_performed "$1" "$directory/it"
	rm -r "$directory"
}

# perform PLACE COMMAND...: what it prints goes to PLACE.output, and, when it has ended, its exit status and how many
# seconds it took to PLACE.end.
perform() {
	local start=$SECONDS status

	timeout -k 5 "${CRLOCK_TEST_TIMEOUT:-1800}" "${@:2}" >"$1.output" 2>&1 </dev/null
	status=$?
	printf '%d %d\n' "$status" $((SECONDS - start)) >"$1.end"
}

# tell_performed NAME PLACE
tell_performed() {
	local status seconds verdict counts

	read -r status seconds <"$2.end"
	sed 's/^/    /' "$2.output"
	verdict=$(LC_ALL=C awk -v status="$status" "$judge" "$2.output")
	counts=${verdict##*counts }
	sed -n '/^counts /!s/^/    # /p' <<<"$verdict"
	((status != 124)) || printf '    # it took longer than %s seconds\n' "${CRLOCK_TEST_TIMEOUT:-1800}"
	# shellcheck disable=SC2086
	tell "$1" "$seconds" $counts
}

# tell NAME SECONDS PASSED FAILED SKIPPED
tell() {
	((passed += $3, failed += $4, skipped += $5, ++groups))
	if (($4)); then
		printf 'not ok %d %s # %d s\n' "$groups" "$1" "$2"
	else
		printf 'ok %d %s # %d s\n' "$groups" "$1" "$2"
	fi
}
