// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of snapshots: bounded for each, and charged to who asked.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "budget.h"

static unsigned long snapshot_max = 256 << 20;
module_param(snapshot_max, ulong, 0644);
MODULE_PARM_DESC(snapshot_max, "Bytes that one snapshot may take (default 256 MiB)");

/** crlock_budget_max - What one snapshot may take, in bytes. It can change at any time. */
u64 crlock_budget_max(void)
{
	return READ_ONCE(snapshot_max);
}

static void note_most(struct crlock_budget *budget)
{
	budget->most = max(budget->most, budget->used + budget->counted);
}

/** crlock_count - Counts memory that is not allocated; who frees it takes it from @budget->counted. */
void crlock_count(struct crlock_budget *budget, size_t size)
{
	budget->counted += size;
	note_most(budget);
}

/**
 * crlock_alloc - Allocates memory within a budget. May sleep.
 * @budget: whose memory it is
 * @size: bytes
 * @flags: __GFP_ZERO or 0
 *
 * Return: the memory, for crlock_free(); or an ERR_PTR: -ENOBUFS beyond the budget, -ENOMEM.
 */
void *crlock_alloc(struct crlock_budget *budget, size_t size, gfp_t flags)
{
	void *p;

	if (budget->used + size > budget->max)
		return ERR_PTR(-ENOBUFS);
	p = kvmalloc(size, GFP_KERNEL_ACCOUNT | __GFP_NOWARN | flags);
	if (!p)
		return ERR_PTR(-ENOMEM);
	budget->used += size;
	note_most(budget);
	return p;
}

/** crlock_free - Gives memory back; NULL is allowed. */
void crlock_free(struct crlock_budget *budget, void *p, size_t size)
{
	if (!p)
		return;
	kvfree(p);
	budget->used -= size;
}
