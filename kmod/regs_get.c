// SPDX-License-Identifier: GPL-2.0-only
/*
 * CRLOCK_CMD_REGS_GET: the registers of one thread, or of all threads of a process.
 */
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include <linux/crlock.h>

#include "arch.h"
#include "budget.h"
#include "dump.h"
#include "filter.h"
#include "netlink.h"
#include "regs_get.h"
#include "rows.h"
#include "tasks.h"
#include "thread.h"

/** crlock_regs_supported - Whether register sets can be read on this architecture. */
bool crlock_regs_supported(void)
{
	return crlock_arch_regs_atomic(current);
}

/* A message about one thread of which the registers take @regs_size bytes. */
static size_t message_size(u32 regs_size)
{
	size_t set = nla_total_size(0) + nla_total_size(sizeof(u32)) + nla_total_size(0);

	return GENL_HDRLEN + nla_total_size(sizeof(struct crlock_thread)) +
	       CRLOCK_REGS_SETS_MAX * (set + NLA_ALIGNTO) + regs_size;
}

static int put_set(struct sk_buff *skb, const struct crlock_regs *regs,
		   const struct crlock_regs_set *set)
{
	struct nlattr *nest = nla_nest_start(skb, CRLOCK_A_REGSET);

	if (!nest || nla_put_u32(skb, CRLOCK_A_REGSET_NOTE, set->note) ||
	    nla_put(skb, CRLOCK_A_REGSET_DATA, set->size, regs->data + set->offset))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_thread(struct sk_buff *skb, const struct crlock_thread *thread,
		      const struct crlock_regs *regs)
{
	u32 i;

	if (nla_put(skb, CRLOCK_A_THREAD, sizeof(*thread), thread))
		return -EMSGSIZE;
	for (i = 0; !thread->error && i < regs->nr_sets; i++)
		if (put_set(skb, regs, &regs->sets[i]))
			return -EMSGSIZE;
	return 0;
}

/* Fills in @thread and @regs; what went wrong with this thread is in thread->error. */
static int read_thread(struct crlock_thread *thread, struct crlock_regs *regs,
		       struct task_struct *task, struct pid_namespace *ns)
{
	int err;

	*thread = (struct crlock_thread){
		.tgid = task_tgid_nr_ns(task, ns),
		.tid = task_pid_nr_ns(task, ns),
	};
	err = crlock_regs_copy(regs, task, &thread->state);
	if (err == -ENOMEM)
		return err;
	thread->error = -err;
	return 0;
}

/* One thread --------------------------------------------------------------------------------------- */

static void say_why(struct netlink_ext_ack *extack, const struct nlattr *attr, int err)
{
	if (err == -ESRCH)
		NL_SET_ERR_MSG_ATTR(extack, attr, "TID: no such thread");
	else if (err == -EAGAIN)
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "TID: the thread is neither stopped, traced nor frozen");
	else if (err == -EOPNOTSUPP)
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "TID: register sets cannot be read on this machine");
}

static struct task_struct *find_thread(pid_t nr)
{
	struct pid *pid = find_get_pid(nr);
	struct task_struct *task = get_pid_task(pid, PIDTYPE_PID);

	put_pid(pid);
	return task;
}

static int reply_thread(struct genl_info *info, const struct crlock_thread *thread,
			const struct crlock_regs *regs)
{
	struct sk_buff *reply = nlmsg_new(message_size(regs->size), GFP_KERNEL_ACCOUNT);
	void *header;

	if (!reply)
		return -ENOMEM;
	header = genlmsg_put_reply(reply, info, &crlock_family, 0, CRLOCK_CMD_REGS_GET);
	if (!header || put_thread(reply, thread, regs)) {
		nlmsg_free(reply);
		return -EMSGSIZE;
	}
	genlmsg_end(reply, header);
	return genlmsg_reply(reply, info);
}

static int get_thread(struct genl_info *info, struct task_struct *task)
{
	struct crlock_regs regs = {};
	struct crlock_thread thread;
	int err;

	err = read_thread(&thread, &regs, task, task_active_pid_ns(current));
	if (!err)
		err = -thread.error;
	if (!err)
		err = reply_thread(info, &thread, &regs);
	crlock_regs_free(&regs);
	return err;
}

int crlock_regs_get(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[CRLOCK_A_TID];
	struct task_struct *task;
	int err;

	err = crlock_may(skb, true, info->extack);
	if (err)
		return err;
	if (!attr || info->attrs[CRLOCK_A_TGID]) {
		NL_SET_ERR_MSG(info->extack, "TID: is missing, or TGID is there beside it");
		return -EINVAL;
	}
	task = find_thread(nla_get_u32(attr));
	err = task ? get_thread(info, task) : -ESRCH;
	if (task)
		put_task_struct(task);
	say_why(info->extack, attr, err);
	return crlock_explain(err, info->extack);
}

/* All threads of a process -------------------------------------------------------------------------- */

/**
 * struct regs_get - One dump.
 * @common: what all dumps have
 * @filter: names the process
 * @budget: memory of the list of threads
 * @pid_ns: the reader's; a reference
 * @threads: &struct task_struct pointers, a reference each
 * @regs: buffer for one after the other
 * @next: index of the thread that is to be told next
 */
struct regs_get {
	struct crlock_dump common;
	struct crlock_filter filter;
	struct crlock_budget budget;
	struct pid_namespace *pid_ns;
	struct crlock_rows threads;
	struct crlock_regs regs;
	u32 next;
};

static int collect(struct regs_get *get)
{
	struct crlock_tasks tasks;
	struct task_struct *task, **row;
	int err = 0;

	crlock_tasks_init(&tasks, &get->budget);
	while (!err && (task = crlock_tasks_next(&tasks))) {
		if (task_tgid_nr(task) == get->filter.tgids[0]) {
			err = crlock_rows_reserve(&get->threads, 1);
			row = err ? NULL : crlock_rows_add(&get->threads);
		} else {
			row = NULL;
		}
		if (row)
			*row = task;
		else
			put_task_struct(task);
		if (!err && fatal_signal_pending(current))
			err = -EINTR;
		cond_resched();
	}
	crlock_tasks_free(&tasks);
	return err;
}

static int build(struct regs_get *get, struct netlink_callback *cb)
{
	struct nlattr **attrs = crlock_dump_attrs(cb);
	int err;

	err = crlock_filter_parse_dump(&get->filter, cb);
	if (err)
		return err;
	if (get->filter.nr_tgids != 1 || attrs[CRLOCK_A_TID]) {
		NL_SET_ERR_MSG(cb->extack, "TGID: must be there once, and TID not");
		return -EINVAL;
	}
	get->pid_ns = get_pid_ns(task_active_pid_ns(current));
	get->budget.max = crlock_budget_max();
	crlock_rows_init(&get->threads, &get->budget, sizeof(struct task_struct *));
	err = collect(get);
	return crlock_dump_lack(&get->common, err, 0);
}

/* A message must hold what a thread has at most; threads of other modes than the reader's have less. */
int crlock_regs_get_start(struct netlink_callback *cb)
{
	cb->min_dump_alloc = NLMSG_ALIGN(NLMSG_HDRLEN + message_size(crlock_regs_size(current)));
	return 0;
}

static int put_next(struct regs_get *get, struct sk_buff *skb)
{
	struct task_struct *task = *(struct task_struct **)crlock_row(&get->threads, get->next);
	struct crlock_thread thread;
	int err;

	err = read_thread(&thread, &get->regs, task, get->pid_ns);
	if (err)
		return err;
	return put_thread(skb, &thread, &get->regs);
}

int crlock_regs_get_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct regs_get *get;
	void *header;
	int err;

	get = crlock_dump_state(cb, sizeof(*get));
	if (IS_ERR(get))
		return PTR_ERR(get);
	if (!get->common.built) {
		get->common.built = true;
		get->common.err = crlock_dump_may(cb, true) ?: build(get, cb);
	}
	err = crlock_dump_error(&get->common, skb, cb, CRLOCK_CMD_REGS_GET);
	if (err)
		return err;
	while (get->next < get->threads.nr) {
		header = crlock_dump_begin(skb, cb, CRLOCK_CMD_REGS_GET);
		err = header ? put_next(get, skb) : -EMSGSIZE;
		if (err) {
			if (header)
				genlmsg_cancel(skb, header);
			return skb->len ?: crlock_explain(err, cb->extack);
		}
		genlmsg_end(skb, header);
		get->next++;
	}
	return skb->len;
}

int crlock_regs_get_done(struct netlink_callback *cb)
{
	struct regs_get *get = crlock_dump_take(cb);
	u32 i;

	if (!get)
		return 0;
	for (i = 0; i < get->threads.nr; i++) {
		put_task_struct(*(struct task_struct **)crlock_row(&get->threads, i));
		cond_resched();
	}
	crlock_rows_free(&get->threads);
	crlock_regs_free(&get->regs);
	crlock_filter_free(&get->filter);
	if (get->pid_ns)
		put_pid_ns(get->pid_ns);
	kfree(get);
	return 0;
}
