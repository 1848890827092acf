// SPDX-License-Identifier: GPL-2.0-only
/*
 * What dumps have in common: their state, and how they say that they cannot.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include <linux/crlock.h>

#include "budget.h"
#include "dump.h"
#include "netlink.h"

/* All that is kept in cb->ctx. */
struct dump_context {
	struct crlock_dump *dump;
};

static struct dump_context *context_of(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct dump_context) > sizeof(cb->ctx));
	return (struct dump_context *)cb->ctx;
}

/**
 * crlock_dump_state - The state of a dump, made and zeroed when it is first asked for.
 * @cb: of the dump
 * @size: of a struct that begins with &struct crlock_dump
 *
 * Return: the state, to be freed by who crlock_dump_take()s it; or ERR_PTR(-ENOMEM).
 */
void *crlock_dump_state(struct netlink_callback *cb, size_t size)
{
	struct dump_context *context = context_of(cb);

	if (!context->dump)
		context->dump = kzalloc(size, GFP_KERNEL_ACCOUNT);
	return context->dump ?: ERR_PTR(crlock_explain(-ENOMEM, cb->extack));
}

/** crlock_dump_take - The state of a dump that ends, or NULL; the caller frees it with kfree(). */
void *crlock_dump_take(struct netlink_callback *cb)
{
	struct dump_context *context = context_of(cb);
	void *state = context->dump;

	context->dump = NULL;
	return state;
}

/**
 * crlock_dump_may - Whether who asks may read; see crlock_may().
 * @cb: of the dump
 * @regs: registers too
 *
 * Return: 0 or -EPERM.
 */
int crlock_dump_may(struct netlink_callback *cb, bool regs)
{
	return crlock_may(cb->skb, regs, cb->extack);
}

/** crlock_dump_may_addresses - Whether who asks may know where in its address space a process has what. */
bool crlock_dump_may_addresses(struct netlink_callback *cb)
{
	return crlock_capable(cb->skb, CAP_SYS_PTRACE);
}

/**
 * crlock_dump_lack - Remembers that memory did not do.
 * @dump: its state
 * @err: if it is -ENOBUFS that is said, else nothing is done
 * @needed: bytes that would have done; 0: memory did not even do to count them
 *
 * Return: @err.
 */
int crlock_dump_lack(struct crlock_dump *dump, int err, u64 needed)
{
	u64 max = crlock_budget_max();

	if (err == -ENOBUFS) {
		/* What is counted with takes less than half of a snapshot. */
		dump->needed = max(needed ?: 2 * min(max, U64_MAX / 2), max + (max < U64_MAX));
		scnprintf(dump->text, sizeof(dump->text),
			  "the snapshot takes %s%llu bytes, snapshot_max allows %llu",
			  needed ? "" : "more than ", dump->needed, max);
	}
	return err;
}

/**
 * crlock_dump_error - Tells the error that a dump has met, if it has.
 * @dump: its state
 * @skb: the message that was asked for
 * @cb: of the dump
 * @command: CRLOCK_CMD_*
 *
 * Return: 0 if there is none; else what the dump function is to return.
 */
int crlock_dump_error(struct crlock_dump *dump, struct sk_buff *skb, struct netlink_callback *cb,
		      u8 command)
{
	void *header;

	if (!dump->needed) {
		/* The text is good until the dump is done, which is after it was sent. */
		if (dump->text[0] && cb->extack)
			cb->extack->_msg = dump->text;
		return crlock_explain(dump->err, cb->extack);
	}
	header = crlock_dump_begin(skb, cb, command);
	if (!header || nla_put_u64_64bit(skb, CRLOCK_A_NEEDED, dump->needed, CRLOCK_A_PAD))
		return -EMSGSIZE;
	dump->needed = 0;
	genlmsg_end(skb, header);
	return skb->len;
}

/** crlock_dump_begin - Begins a message. Return: its header, NULL if it does not fit. */
void *crlock_dump_begin(struct sk_buff *skb, struct netlink_callback *cb, u8 command)
{
	return genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &crlock_family,
			   NLM_F_MULTI, command);
}
