/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kept a process in and is not restored: without it the process would come back with more rights than it had.
 */
#ifndef RESTORE_CONFINED_H
#define RESTORE_CONFINED_H

#include "restore/tree/images.h"

/**
 * confined_find - Looks for it in all processes.
 * @text: gets the first that is found, in one line
 *
 * Returns: whether there is any.
 */
bool confined_find(const struct images *images, char *text, size_t size);

#endif
