/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PROCFS_ORDER_H
#define PROCFS_ORDER_H

#include <stddef.h>

/** COMPARE - In a function of an order: returns from it, if two numbers differ, which is less; else goes on. */
#define COMPARE(a, b) \
	do { \
		if ((a) != (b)) \
			return (a) < (b) ? -1 : 1; \
	} while (0)

/**
 * FIRST_NOT - Searches rows that are in an order by halves.
 * @at: name of an index, for the condition
 * @nr: of rows
 * @is_before: a condition that holds for the first rows, or none, and for no other
 *
 * Returns: the index of the first row for which it does not hold; @nr: there is none.
 */
#define FIRST_NOT(at, nr, is_before) \
	({ \
		size_t low_ = 0, high_ = (nr); \
\
		while (low_ < high_) { \
			size_t at = low_ + (high_ - low_) / 2; \
\
			if (is_before) \
				low_ = at + 1; \
			else \
				high_ = at; \
		} \
		low_; \
	})

#endif
