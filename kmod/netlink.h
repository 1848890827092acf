/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_NETLINK_H
#define CRLOCK_NETLINK_H

#include <net/genetlink.h>

extern struct genl_family crlock_family;

bool crlock_capable(const struct sk_buff *skb, int cap);
int crlock_may(const struct sk_buff *skb, bool regs, struct netlink_ext_ack *extack);
int crlock_explain(int err, struct netlink_ext_ack *extack);
int crlock_netlink_init(void);
void crlock_netlink_exit(void);

#endif
