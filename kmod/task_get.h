/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_TASK_GET_H
#define CRLOCK_TASK_GET_H

struct netlink_callback;
struct sk_buff;

int crlock_task_get_dump(struct sk_buff *skb, struct netlink_callback *cb);
int crlock_task_get_done(struct netlink_callback *cb);

#endif
