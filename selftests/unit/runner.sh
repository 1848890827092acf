#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Whether run-tests counts right, and says at its end what failed.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
plan 12

mkdir -p "$work/build/test/unit"

# a_test NAME: its commands are read from the standard input.
a_test() {
	{
		printf '#!/bin/bash\n'
		cat
	} >"$work/build/test/unit/$1_test"
	chmod +x "$work/build/test/unit/$1_test"
}

# run_them PATTERN: what is said goes to $work/said, the status to $status.
run_them() {
	env -u CRLOCK_BUILD "$root/selftests/run-tests" -u -o "$work/build" -m "unit/$1_test" >"$work/said" 2>&1
	status=$?
}

a_test good <<'END'
printf '%s\n' 1..2 'ok 1 one' 'ok 2 other # SKIP for a reason'
END
a_test bad <<'END'
printf '%s\n' 1..2 'not ok 1 wrong' '# got: 5' 'ok 2 right' '# of no interest'
exit 1
END
a_test short <<'END'
printf '%s\n' 1..2 'ok 1 right'
END
a_test unplanned <<'END'
printf '%s\n' 'ok 1 right'
END
a_test died <<'END'
printf '%s\n' 1..1 'ok 1 right'
exit 3
END
a_test skipped <<'END'
printf '%s\n' 1..1 'ok 1 right # SKIP'
END

run_them good
is "one passes: status" "$status" 0
is "nothing is said to have failed" "$(grep -A 9 '^1\.\.1$' "$work/said")" $'1..1\n1 passed, 0 failed, 1 skipped'
run_them bad
is "one fails: status" "$status" 1
is "what failed is said once more, with why" "$(sed '1,/^1\.\.1$/d' "$work/said")" "\
# failed:
#     not ok 1 wrong
#     # got: 5
# $(grep '^not ok 1 unit/bad_test' "$work/said")
1 passed, 1 failed, 0 skipped"
run_them short
like "fewer results than planned are a failure" "$status $(<"$work/said")" "^1 .*1 results, but the plan says 2"
like "it is counted" "$(tail -n 1 "$work/said")" "^1 passed, 1 failed, 0 skipped"
run_them unplanned
like "no plan is a failure" "$status $(<"$work/said")" "^1 .*no plan was printed"
run_them died
like "a status is a failure" "$status $(<"$work/said")" "^1 .*exit status 3"
run_them skipped
like "a skip without a reason is a failure" "$status $(<"$work/said")" "^1 .*a SKIP without a reason"
run_them none
is "none that matches: status" "$status" 1
run_them '*'
is "all: status" "$status" 1
is "all are counted" "$(tail -n 1 "$work/said")" "5 passed, 5 failed, 1 skipped"
finish
