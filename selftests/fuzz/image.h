/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A checkpoint of which one image is an input and the others are good. The first byte of an input says which one; the
 * rest is what it has in it.
 *
 * CRLOCK_FUZZ_CHECKPOINT is a directory with the good ones, CRLOCK_FUZZ_PID the first process; see the script run.
 */
#ifndef FUZZ_IMAGE_H
#define FUZZ_IMAGE_H

#include <stddef.h>
#include <stdint.h>

/** fuzz_image_put - Makes the checkpoint. @name: gets the name of the image; NULL: it does not matter. Returns: its path. */
const char *fuzz_image_put(const uint8_t *data, size_t size, char name[64]);

/** fuzz_image_put_back - Makes it good again. */
void fuzz_image_put_back(void);

#endif
