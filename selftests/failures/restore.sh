#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Whatever system call of crrestore fails, and wherever it is killed: what it restores is there as a whole, or nothing
# of it is, and what was there before is as it was. `make check-failures` tries each of the calls.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

plan 1
column restore restore.py
finish
