/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which kinds of files there are.
 */
#ifndef RESTORE_FILES_KINDS_H
#define RESTORE_FILES_KINDS_H

#include "restore/files/room.h"

/** kinds_of - How to handle a type of files.img, NULL: it cannot be restored. */
const struct file_kind *kinds_of(Image__FdTypes type);

/** kinds_nth - Each kind once, in the order in which they are prepared and completed; NULL: no more. */
const struct file_kind *kinds_nth(size_t i);

/** kinds_name - What a type is called, also of those that cannot be restored. */
const char *kinds_name(Image__FdTypes type);

#endif
