#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Which CPUs threads may run on.
# needs: cpus

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=judge.sh
. "$(dirname "$0")/judge.sh"
judge cpus
