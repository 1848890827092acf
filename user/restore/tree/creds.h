/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who a thread is and what it may do: ids, groups, capabilities, securebits.
 */
#ifndef RESTORE_CREDS_H
#define RESTORE_CREDS_H

#include "image/directory.h"
#include "image/saved.h"
#include "restore/tree/puppet.h"

/**
 * creds_restore - Gives a thread its credentials, and what a change of them takes away (pdeath signal).
 *
 * After this it may lack the right to do what is still to be done, so it comes near the end.
 *
 * Returns: 0 or a negative errno value.
 */
int creds_restore(struct puppet *puppet, const struct saved_thread *thread, const struct image_error *error);

#endif
