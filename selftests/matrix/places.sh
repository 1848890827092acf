#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The matrix, of locks in other places, and as others see them.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

python3 "$root/selftests/matrix/matrix.py" "$build/test/matrix-row" "$work" "${CRLOCK_MATRIX_ROWS-*}" place view
