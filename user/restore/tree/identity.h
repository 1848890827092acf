/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RESTORE_IDENTITY_H
#define RESTORE_IDENTITY_H

#include "image/checkpoint.h"
#include "restore/options.h"

/**
 * identity_options - Options by which each process of a checkpoint gets the locks that it had.
 * @identity: gets them; the caller frees its pairs with free(3)
 *
 * Returns: 0 or -ENOMEM.
 */
int identity_options(struct options *identity, const struct options *options,
		     const struct checkpoint *checkpoint);

#endif
