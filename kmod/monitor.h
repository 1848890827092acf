/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_MONITOR_H
#define CRLOCK_MONITOR_H

#include <linux/types.h>

struct genl_info;
struct sk_buff;

int crlock_monitor_init(void);
void crlock_monitor_exit(void);
bool crlock_monitor_supported(void);
int crlock_monitor(struct sk_buff *skb, struct genl_info *info);

#endif
