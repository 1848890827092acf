/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_DUMP_H
#define CRLOCK_DUMP_H

#include <net/genetlink.h>

/**
 * struct crlock_dump - What the state of every dump begins with.
 * @built: the first message was asked for
 * @err: why there is nothing to tell, or 0
 * @needed: with -ENOBUFS: bytes that would do, at least; 0 once that was told
 * @text: says the same
 */
struct crlock_dump {
	bool built;
	int err;
	u64 needed;
	char text[104];
};

void *crlock_dump_state(struct netlink_callback *cb, size_t size);
void *crlock_dump_take(struct netlink_callback *cb);
int crlock_dump_may(struct netlink_callback *cb, bool regs);
bool crlock_dump_may_addresses(struct netlink_callback *cb);
int crlock_dump_lack(struct crlock_dump *dump, int err, u64 needed);
int crlock_dump_error(struct crlock_dump *dump, struct sk_buff *skb, struct netlink_callback *cb,
		      u8 command);
void *crlock_dump_begin(struct sk_buff *skb, struct netlink_callback *cb, u8 command);

#endif
