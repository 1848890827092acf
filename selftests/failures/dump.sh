#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Whatever system call of crdump fails, and wherever it is killed: its target goes on as if nothing had been, and what
# is left is a checkpoint or none. `make check-failures` tries each of the calls.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

plan 4
for source in proc kmod; do
	column "dump, $source" dump.py -R --source="$source"
	column "dump of locks, $source" dump.py --locks-only --source="$source"
done
finish
