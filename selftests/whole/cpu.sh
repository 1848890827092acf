#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Registers of threads that run, and calls in which threads wait.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=judge.sh
. "$(dirname "$0")/judge.sh"
judge cpu call
