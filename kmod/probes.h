/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_PROBES_H
#define CRLOCK_PROBES_H

#include <linux/types.h>

void crlock_probes_init(void);
bool crlock_probes_found(void);
int crlock_probes_start(void);
void crlock_probes_stop(void);

#endif
