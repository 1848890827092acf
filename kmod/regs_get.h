/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_REGS_GET_H
#define CRLOCK_REGS_GET_H

#include <linux/types.h>

struct genl_info;
struct netlink_callback;
struct sk_buff;

bool crlock_regs_supported(void);
int crlock_regs_get(struct sk_buff *skb, struct genl_info *info);
int crlock_regs_get_start(struct netlink_callback *cb);
int crlock_regs_get_dump(struct sk_buff *skb, struct netlink_callback *cb);
int crlock_regs_get_done(struct netlink_callback *cb);

#endif
