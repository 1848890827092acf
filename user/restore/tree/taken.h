/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RESTORE_TREE_TAKEN_H
#define RESTORE_TREE_TAKEN_H

/* What is to be done where a number that a process or thread had is another's. */
#define TAKEN_HINT " (end who has it, or restore in another pid namespace)"

#endif
