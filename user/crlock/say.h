/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRLOCK_SAY_H
#define CRLOCK_SAY_H

#include "image/say.h"

/* Exit statuses, as crlock(8) has them. */
enum {
	STATUS_OK = 0,
	STATUS_FAILURE = 1,
	STATUS_USAGE = 2,
	STATUS_NO_MODULE = 3,
	STATUS_FOREIGN_ABI = 4,
	STATUS_IMAGE = 4, /* of a checkpoint, as crdump(8) and crrestore(8) have it */
};

#endif
