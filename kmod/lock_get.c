// SPDX-License-Identifier: GPL-2.0-only
/*
 * CRLOCK_CMD_LOCK_GET: builds the snapshot when the first message is asked for, then streams it.
 *
 * It is not built in the dump's start function, where Linux 6.1 has no way to say what is wrong.
 */
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <net/sock.h>

#include "descriptors.h"
#include "dump.h"
#include "filter.h"
#include "lock_get.h"
#include "lock_put.h"
#include "mappings.h"
#include "snapshot.h"
#include "sockets.h"
#include "tasks.h"

/**
 * struct lock_get - One dump.
 * @common: what all dumps have
 * @filter: what is asked for
 * @snapshot: what is told
 * @sockets: only while the snapshot is built
 * @mappings: the same
 * @holder: of the process that is being walked, but for what differs between its holders
 * @wanted: the filter names that process
 * @put: how far it is told
 */
struct lock_get {
	struct crlock_dump common;
	struct crlock_filter filter;
	struct crlock_snapshot snapshot;
	struct crlock_sockets sockets;
	struct crlock_mappings mappings;
	struct crlock_holder_row holder;
	bool wanted;
	struct crlock_lock_put put;
};

static int note_descriptor(const struct crlock_descriptor *descriptor, void *data)
{
	struct lock_get *get = data;
	int err;

	err = crlock_sockets_note(&get->sockets, descriptor->file, get->wanted);
	if (err)
		return err;
	get->holder.where = (unsigned long)descriptor->table;
	get->holder.fd = descriptor->fd;
	get->holder.flags = descriptor->cloexec ? CRLOCK_HOLDER_CLOEXEC : 0;
	return crlock_snapshot_note(&get->snapshot, descriptor->file, &get->holder, get->wanted,
				    descriptor->first);
}

static int note_mapping(struct file *file, unsigned long start, bool first, void *data)
{
	struct lock_get *get = data;

	get->holder.where = start;
	return crlock_snapshot_note(&get->snapshot, file, &get->holder, get->wanted, first);
}

static int note_message(struct file *file, const struct crlock_sock *sock, bool first, void *data)
{
	struct lock_get *get = data;

	if (sock->again) {
		crlock_snapshot_want(&get->snapshot, file);
		return 0;
	}
	get->holder.where = (unsigned long)sock->sk;
	return crlock_snapshot_note(&get->snapshot, file, &get->holder, sock->wanted, first);
}

static int make_room(void *data)
{
	struct lock_get *get = data;

	return crlock_snapshot_room(&get->snapshot) ?: crlock_sockets_room(&get->sockets);
}

static void begin_process(struct lock_get *get, struct task_struct *task,
			  enum crlock_holder_kind kind)
{
	get->wanted = crlock_filter_tgid(&get->filter, task_tgid_nr(task));
	get->holder = (struct crlock_holder_row){
		.tgid = task_tgid_nr_ns(task, get->snapshot.pid_ns),
		.tid = task_pid_nr_ns(task, get->snapshot.pid_ns),
		.fd = -1,
		.kind = kind,
	};
}

static int walk_task(struct lock_get *get, struct crlock_tasks *tasks, struct task_struct *task)
{
	int ret = crlock_tasks_new_files(tasks, task);

	if (ret > 0) {
		begin_process(get, task, CRLOCK_HOLDER_DESCRIPTOR);
		ret = crlock_walk_descriptors(task, note_descriptor, make_room, get);
	}
	if (ret < 0)
		return ret;
	ret = crlock_tasks_new_mm(tasks, task);
	if (ret > 0) {
		begin_process(get, task, CRLOCK_HOLDER_MAPPING);
		ret = crlock_walk_mappings(&get->mappings, task, note_mapping, make_room, get);
	}
	return ret;
}

static int walk_tasks(struct lock_get *get)
{
	struct crlock_tasks tasks;
	struct task_struct *task;
	int err = 0;

	crlock_tasks_init(&tasks, &get->snapshot.budget);
	while (!err && (task = crlock_tasks_next(&tasks))) {
		err = walk_task(get, &tasks, task);
		put_task_struct(task);
		if (!err && fatal_signal_pending(current))
			err = -EINTR;
		cond_resched();
	}
	crlock_tasks_free(&tasks);
	return err;
}

static int walk_sockets(struct lock_get *get)
{
	get->holder = (struct crlock_holder_row){ .fd = -1, .kind = CRLOCK_HOLDER_IN_FLIGHT };
	return crlock_sockets_walk(&get->sockets, note_message, make_room, get);
}

/*
 * Until here holders in flight name their socket by its address, for its inode number cannot be read under
 * the queue's lock; there is still a reference to it.
 */
static void finish(struct lock_get *get, struct netlink_callback *cb)
{
	struct crlock_rows *holders = &get->snapshot.holders;
	struct crlock_holder_row *holder;
	u32 i;

	for (i = 0; get->sockets.socks.rows.nr && i < holders->nr; i++) {
		holder = crlock_row(holders, i);
		if (holder->kind == CRLOCK_HOLDER_IN_FLIGHT)
			holder->where = sock_i_ino((struct sock *)(unsigned long)holder->where);
		cond_resched();
	}
	get->put.addresses = crlock_dump_may_addresses(cb);
	get->put.busy_queues = get->sockets.busy;
	get->put.busy_mappings = get->mappings.busy;
}

static int build(struct lock_get *get, struct netlink_callback *cb)
{
	int err;

	err = crlock_filter_parse_dump(&get->filter, cb);
	if (err)
		return err;
	crlock_snapshot_init(&get->snapshot, &get->filter, task_active_pid_ns(current));
	crlock_sockets_init(&get->sockets, &get->snapshot.budget);
	err = walk_tasks(get) ?: walk_sockets(get);
	if (!err && get->snapshot.counting)
		err = crlock_dump_lack(&get->common, -ENOBUFS, get->snapshot.budget.most);
	else if (err)
		err = crlock_dump_lack(&get->common, err, 0);
	else
		finish(get, cb);
	crlock_sockets_free(&get->sockets);
	return err;
}

int crlock_lock_get_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct lock_get *get;
	void *header;
	int err;

	get = crlock_dump_state(cb, sizeof(*get));
	if (IS_ERR(get))
		return PTR_ERR(get);
	if (!get->common.built) {
		get->common.built = true;
		get->common.err = crlock_dump_may(cb, false) ?: build(get, cb);
	}
	err = crlock_dump_error(&get->common, skb, cb, CRLOCK_CMD_LOCK_GET);
	if (err)
		return err;
	header = crlock_dump_begin(skb, cb, CRLOCK_CMD_LOCK_GET);
	if (!header)
		return -EMSGSIZE;
	if (!crlock_lock_put(&get->put, &get->snapshot, skb)) {
		genlmsg_cancel(skb, header);
		return 0;
	}
	genlmsg_end(skb, header);
	return skb->len;
}

int crlock_lock_get_done(struct netlink_callback *cb)
{
	struct lock_get *get = crlock_dump_take(cb);

	if (get) {
		crlock_snapshot_free(&get->snapshot);
		crlock_filter_free(&get->filter);
		kfree(get);
	}
	return 0;
}
