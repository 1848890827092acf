/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_THREAD_H
#define CRLOCK_THREAD_H

#include <linux/signal.h>

#include <linux/crlock.h>

struct task_struct;

/**
 * struct crlock_regs_set - One register set in a buffer.
 * @note: NT_*
 * @offset: of its first byte
 * @size: bytes
 */
struct crlock_regs_set {
	u32 note;
	u32 offset;
	u32 size;
};

#define CRLOCK_REGS_SETS_MAX 16

/**
 * struct crlock_regs - A buffer for all register sets of a thread.
 * @data: the bytes
 * @size: how many @data has room for
 * @lacking: how many it should have had room for
 * @sets: what is in there
 * @nr_sets: how many
 */
struct crlock_regs {
	void *data;
	u32 size;
	u32 lacking;
	struct crlock_regs_set sets[CRLOCK_REGS_SETS_MAX];
	u32 nr_sets;
};

typedef int crlock_thread_fn(struct task_struct *task, void *data);

int crlock_siglock_try(struct task_struct *task, crlock_thread_fn *fn, void *data);
int crlock_siglock_look(struct task_struct *task, crlock_thread_fn *fn, void *data);
int crlock_thread_look(struct task_struct *task, crlock_thread_fn *fn, void *data);
u32 crlock_thread_state(struct task_struct *task);
bool crlock_thread_settled(struct task_struct *task);
/** crlock_mask - The first 64 signals of a set, as bits 1 << (signal - 1). */
static inline u64 crlock_mask(const sigset_t *set)
{
#if _NSIG_BPW == 64
	return set->sig[0];
#else
	return set->sig[0] | (u64)set->sig[1] << 32;
#endif
}

u32 crlock_regs_size(struct task_struct *task);
void crlock_regs_free(struct crlock_regs *regs);
int crlock_regs_copy(struct crlock_regs *regs, struct task_struct *task, u32 *state);

#endif
