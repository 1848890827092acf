#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sockets, and pseudo-terminals.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=judge.sh
. "$(dirname "$0")/judge.sh"
ip link set lo up
judge socket tty
