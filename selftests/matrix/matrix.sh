#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The matrix: what is true of locks, row by row, against the module, /proc alone, images, and what is restored.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

python3 "$root/selftests/matrix/matrix.py" "$build/test/matrix-row" "$work" "${CRLOCK_MATRIX_ROWS-*}" \
	flock posix ofd lease waiter
