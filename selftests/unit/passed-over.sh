#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Without the module no lock is lost, nor told twice, nor who waits for one, because others are taken and released
# meanwhile. On this machine: it takes two processors, and an emulated one hardly ever is interrupted at the right place.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

plan 4
for what in locks queues; do
	if (($(nproc) < 2)); then
		skip "$what are told as they are" "needs two processors"
		skip "though /proc/locks does not" "needs two processors"
		continue
	fi
	mkdir "$work/$what"
	counts=$(/usr/bin/python3 -B "$root/selftests/unit/passed_over.py" "$work/$what" "$what" 2>&1)
	like "$what are told as they are" "$counts" "^0 of 60; "
	like "though /proc/locks does not" "$counts" "; [1-9][0-9]*\$"
done
finish
