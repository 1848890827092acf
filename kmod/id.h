/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_ID_H
#define CRLOCK_ID_H

#include <linux/types.h>

void crlock_id_init(void);
u64 crlock_id(const void *object);
u64 crlock_id_of_address(u64 address);

#endif
