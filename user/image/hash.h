/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * XXH3 with 64 bits, by the widest registers that the processor has: what is hashed is as large as memory.
 */
#ifndef IMAGE_HASH_H
#define IMAGE_HASH_H

#include <xxhash.h>
#ifdef __x86_64__
#include <xxh_x86dispatch.h>
#endif

#endif
