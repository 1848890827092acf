/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What has become of the locks of a plan, for people.
 */
#ifndef RESTORE_TELL_H
#define RESTORE_TELL_H

#include "restore/plan.h"

/** tell_locks - Says of each lock, with --verbose, and of all how many were left out. Returns: that number. */
size_t tell_locks(const struct plan *plan);

/** tell_outsiders - Says which locks that were taken were shared outside the tree, with whom, and are no longer. */
void tell_outsiders(const struct plan *plan);

#endif
