#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the kernel knows of a thread for the C library, and what it gives every process.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=judge.sh
. "$(dirname "$0")/judge.sh"
judge thread vdso
