/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_PROBES_H
#define CRLOCK_PROBES_H

#include <linux/errno.h>
#include <linux/types.h>

#ifdef CONFIG_TRACEPOINTS
void crlock_probes_init(void);
bool crlock_probes_found(void);
int crlock_probes_start(void);
void crlock_probes_stop(void);
#else
static inline void crlock_probes_init(void)
{
}

static inline bool crlock_probes_found(void)
{
	return false;
}

static inline int crlock_probes_start(void)
{
	return -EOPNOTSUPP;
}

static inline void crlock_probes_stop(void)
{
}
#endif

#endif
