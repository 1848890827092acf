/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRLOCK_SHOW_SHARING_H
#define CRLOCK_SHOW_SHARING_H

#include "crlock/columns.h"

/** sharing_choose - Chooses one more column: who outside of the tree had the lock too. */
void sharing_choose(struct column_choice *choice);

#endif
