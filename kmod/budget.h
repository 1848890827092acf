/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_BUDGET_H
#define CRLOCK_BUDGET_H

#include <linux/types.h>

/**
 * struct crlock_budget - The memory that one snapshot may take.
 * @used: bytes allocated now
 * @max: bytes it may have
 * @counted: bytes that are not allocated now, but would be if they were not only counted
 * @most: the most that @used and @counted have been together
 */
struct crlock_budget {
	u64 used;
	u64 max;
	u64 counted;
	u64 most;
};

u64 crlock_budget_max(void);
void *crlock_alloc(struct crlock_budget *budget, size_t size, gfp_t flags);
void crlock_count(struct crlock_budget *budget, size_t size);
void crlock_free(struct crlock_budget *budget, void *p, size_t size);

#endif
