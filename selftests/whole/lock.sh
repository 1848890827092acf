#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Locks and leases.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=judge.sh
. "$(dirname "$0")/judge.sh"
# A lease that is being broken should outlive the dump.
echo 600 >/proc/sys/fs/lease-break-time
judge lock
