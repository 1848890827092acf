// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generic netlink family: its commands, what each accepts, and who may ask. See linux/crlock.h.
 */
#include <linux/capability.h>
#include <linux/utsname.h>

#include <net/sock.h>

#include <linux/crlock.h>

#include "budget.h"
#include "file_get.h"
#include "filter.h"
#include "lock_get.h"
#include "main.h"
#include "monitor.h"
#include "netlink.h"
#include "regs_get.h"
#include "task_get.h"

/*
 * What crlock_filter_parse() reads. With more bits of its numbers one device would pass for another, see
 * MKDEV().
 */
#define FILTER_POLICY \
	[CRLOCK_A_TGID] = NLA_POLICY_MIN(NLA_U32, 1), \
	[CRLOCK_A_DEV_MAJOR] = NLA_POLICY_MASK(NLA_U32, (1U << (32 - MINORBITS)) - 1), \
	[CRLOCK_A_DEV_MINOR] = NLA_POLICY_MASK(NLA_U32, MINORMASK), \
	[CRLOCK_A_INO] = { .type = NLA_U64 }, \
	[CRLOCK_A_KINDS] = NLA_POLICY_MASK(NLA_U32, (1U << (CRLOCK_KIND_MAX + 1)) - 1)

/* Attributes that a command's policy does not name are refused. */
static const struct nla_policy lock_get_policy[CRLOCK_A_MAX + 1] = {
	FILTER_POLICY,
};

static const struct nla_policy monitor_policy[CRLOCK_A_MAX + 1] = {
	FILTER_POLICY,
	[CRLOCK_A_EVENTS] = NLA_POLICY_MASK(NLA_U32, (1U << (CRLOCK_EVENT_MAX + 1)) - 1),
};

static const struct nla_policy file_get_policy[CRLOCK_A_MAX + 1] = {
	[CRLOCK_A_TGID] = NLA_POLICY_MIN(NLA_U32, 1),
};

static const struct nla_policy regs_get_policy[CRLOCK_A_MAX + 1] = {
	[CRLOCK_A_TGID] = NLA_POLICY_MIN(NLA_U32, 1),
	[CRLOCK_A_TID] = NLA_POLICY_MIN(NLA_U32, 1),
};

static const struct nla_policy task_get_policy[CRLOCK_A_MAX + 1] = {
	[CRLOCK_A_TGID] = NLA_POLICY_MIN(NLA_U32, 1),
};

static const struct nla_policy no_policy[CRLOCK_A_MAX + 1];

/**
 * crlock_capable - Whether who opened the socket of a request, and who sent it, have a capability.
 * @skb: the request
 * @cap: CAP_*, in the initial user namespace
 *
 * Unlike netlink_capable(), which leaves out who opened it where the sender gives an address.
 */
bool crlock_capable(const struct sk_buff *skb, int cap)
{
	return sk_capable(NETLINK_CB(skb).sk, cap);
}

/**
 * crlock_may - Whether the sender of a request may read.
 * @skb: the request
 * @regs: registers or the state of threads too
 * @extack: gets the reason
 *
 * See crlock_capable().
 *
 * Return: 0 or -EPERM.
 */
int crlock_may(const struct sk_buff *skb, bool regs, struct netlink_ext_ack *extack)
{
	if (!crlock_capable(skb, CAP_CHECKPOINT_RESTORE) && !crlock_capable(skb, CAP_SYS_ADMIN)) {
		NL_SET_ERR_MSG(extack,
			       "CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN is needed, in the initial user namespace");
		return -EPERM;
	}
	if (regs && !crlock_capable(skb, CAP_SYS_PTRACE)) {
		NL_SET_ERR_MSG(extack, "CAP_SYS_PTRACE is needed, in the initial user namespace");
		return -EPERM;
	}
	return 0;
}

/**
 * crlock_explain - Gives an error a text that not every place it comes from can give it.
 * @err: 0 or an error
 * @extack: gets the text; it may be NULL
 *
 * Return: @err.
 */
int crlock_explain(int err, struct netlink_ext_ack *extack)
{
	if (err == -ENOMEM)
		NL_SET_ERR_MSG(extack, "there is not enough memory");
	return err;
}

static u32 features(void)
{
	return CRLOCK_FEATURE_DELEGATIONS | CRLOCK_FEATURE_MAPPINGS | CRLOCK_FEATURE_IN_FLIGHT |
	       CRLOCK_FEATURE_TASKS | CRLOCK_FEATURE_FILE_OWNERS |
	       (crlock_regs_supported() ? CRLOCK_FEATURE_REGSETS : 0) |
	       (crlock_monitor_supported() ? CRLOCK_FEATURE_EVENTS : 0);
}

static int put_info(struct sk_buff *skb)
{
	return nla_put_string(skb, CRLOCK_A_MODULE_VERSION, CRLOCK_VERSION) ?:
	       nla_put_u32(skb, CRLOCK_A_ABI, CRLOCK_ABI) ?:
	       nla_put_string(skb, CRLOCK_A_KERNEL, init_utsname()->release) ?:
	       nla_put_string(skb, CRLOCK_A_ARCH, init_utsname()->machine) ?:
	       nla_put_u32(skb, CRLOCK_A_FEATURES, features()) ?:
	       nla_put_u64_64bit(skb, CRLOCK_A_SNAPSHOT_MAX, crlock_budget_max(), CRLOCK_A_PAD) ?:
	       nla_put_u32(skb, CRLOCK_A_TGIDS_MAX, CRLOCK_TGIDS_MAX);
}

static int info_get(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *reply = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	void *header;

	if (!reply)
		return crlock_explain(-ENOMEM, info->extack);
	header = genlmsg_put_reply(reply, info, &crlock_family, 0, CRLOCK_CMD_INFO_GET);
	if (!header || put_info(reply)) {
		nlmsg_free(reply);
		return -EMSGSIZE;
	}
	genlmsg_end(reply, header);
	return genlmsg_reply(reply, info);
}

static const struct genl_ops crlock_ops[] = {
	{
		.cmd = CRLOCK_CMD_INFO_GET,
		.policy = no_policy,
		.maxattr = CRLOCK_A_MAX,
		.doit = info_get,
	},
	{
		.cmd = CRLOCK_CMD_LOCK_GET,
		.policy = lock_get_policy,
		.maxattr = CRLOCK_A_MAX,
		.dumpit = crlock_lock_get_dump,
		.done = crlock_lock_get_done,
	},
	{
		.cmd = CRLOCK_CMD_FILE_GET,
		.policy = file_get_policy,
		.maxattr = CRLOCK_A_MAX,
		.dumpit = crlock_file_get_dump,
		.done = crlock_file_get_done,
	},
	{
		.cmd = CRLOCK_CMD_REGS_GET,
		.policy = regs_get_policy,
		.maxattr = CRLOCK_A_MAX,
		.doit = crlock_regs_get,
		.start = crlock_regs_get_start,
		.dumpit = crlock_regs_get_dump,
		.done = crlock_regs_get_done,
	},
	{
		.cmd = CRLOCK_CMD_TASK_GET,
		.policy = task_get_policy,
		.maxattr = CRLOCK_A_MAX,
		.dumpit = crlock_task_get_dump,
		.done = crlock_task_get_done,
	},
	{
		.cmd = CRLOCK_CMD_MONITOR,
		.policy = monitor_policy,
		.maxattr = CRLOCK_A_MAX,
		.doit = crlock_monitor,
	},
};

struct genl_family crlock_family = {
	.name = CRLOCK_GENL_NAME,
	.version = CRLOCK_GENL_VERSION,
	.maxattr = CRLOCK_A_MAX,
	.ops = crlock_ops,
	.n_ops = ARRAY_SIZE(crlock_ops),
	/* Locks are not of a network namespace, and capabilities are asked for in the initial one. */
	.netnsok = true,
	/* A walk may take long; requests have nothing in common that a mutex would protect. */
	.parallel_ops = true,
	.module = THIS_MODULE,
};

/** crlock_netlink_init - Makes the family known. Return: 0 or an error. */
int __init crlock_netlink_init(void)
{
	int err = crlock_monitor_init();

	if (err)
		return err;
	err = genl_register_family(&crlock_family);
	if (err)
		crlock_monitor_exit();
	return err;
}

/** crlock_netlink_exit - The reverse. No dump is under way: each holds the module. */
void crlock_netlink_exit(void)
{
	genl_unregister_family(&crlock_family);
	/* Nobody can begin to listen any more. */
	crlock_monitor_exit();
}
