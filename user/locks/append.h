/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LOCKS_APPEND_H
#define LOCKS_APPEND_H

#include <errno.h>
#include <stdlib.h>

/**
 * append_room - Makes room for one more in an array that is doubled whenever its length is a power of two.
 * @array: from malloc(3), or NULL; it is the caller's, also after an error
 * @size: of an item
 *
 * Returns: the array, perhaps at another place, or NULL.
 */
static inline void *append_room(void *array, size_t nr, size_t size)
{
	return nr & (nr - 1) ? array : reallocarray(array, nr ? 2 * nr : 1, size);
}

/** append - Appends to an array that begins as NULL with 0 items. Is 0 or -ENOMEM. */
#define append(array, nr, item) \
	({ \
		typeof(array) array_ = append_room(array, nr, sizeof(*(array))); \
		if (array_) { \
			(array) = array_; \
			array_[(nr)++] = (item); \
		} \
		array_ ? 0 : -ENOMEM; \
	})

#endif
