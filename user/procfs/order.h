/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PROCFS_ORDER_H
#define PROCFS_ORDER_H

/** COMPARE - In a function of an order: returns from it, if two numbers differ, which is less; else goes on. */
#define COMPARE(a, b) \
	do { \
		if ((a) != (b)) \
			return (a) < (b) ? -1 : 1; \
	} while (0)

#endif
