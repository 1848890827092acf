#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Where processes are, what they may use, and who they are.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=judge.sh
. "$(dirname "$0")/judge.sh"
judge place cred
