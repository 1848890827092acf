// SPDX-License-Identifier: GPL-2.0-only
/*
 * CRLOCK_CMD_FILE_GET: the descriptors of some processes with their open file descriptions.
 */
#include <linux/fs.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include <linux/crlock.h>

#include "budget.h"
#include "descriptors.h"
#include "dump.h"
#include "file_get.h"
#include "filter.h"
#include "id.h"
#include "owner.h"
#include "rows.h"
#include "tasks.h"

/**
 * struct file_get - One dump.
 * @common: what all dumps have
 * @filter: whose descriptors are asked for
 * @budget: memory of the rows
 * @files: &struct crlock_file; until they are told, ids are addresses
 * @pid_ns: the reader's, good while the rows are made
 * @tgid: of the process that is being walked, in the reader's pid namespace
 * @tid: of the thread, the same
 * @next: row that is to be told next
 */
struct file_get {
	struct crlock_dump common;
	struct crlock_filter filter;
	struct crlock_budget budget;
	struct crlock_rows files;
	struct pid_namespace *pid_ns;
	pid_t tgid;
	pid_t tid;
	u32 next;
};

static int note_descriptor(const struct crlock_descriptor *descriptor, void *data)
{
	struct file_get *get = data;
	struct file *file = descriptor->file;
	struct inode *inode = file_inode(file);
	struct crlock_owner owner;
	struct crlock_file *row;

	if (!crlock_rows_fit(&get->files, 1))
		return -ENOSPC;
	row = crlock_rows_add(&get->files);
	if (!row)
		return 0;
	crlock_owner_copy(&owner, file, get->pid_ns);
	*row = (struct crlock_file){
		.id = (unsigned long)file,
		.files_id = (unsigned long)descriptor->table,
		.mount_id = (unsigned long)file->f_path.mnt,
		.ino = inode->i_ino,
		.pos = READ_ONCE(file->f_pos),
		.tgid = get->tgid,
		.tid = get->tid,
		.fd = descriptor->fd,
		.flags = READ_ONCE(file->f_flags),
		.mode = inode->i_mode,
		.dev_major = MAJOR(inode->i_sb->s_dev),
		.dev_minor = MINOR(inode->i_sb->s_dev),
		.rdev_major = MAJOR(inode->i_rdev),
		.rdev_minor = MINOR(inode->i_rdev),
		.generation = inode->i_generation,
		.fd_flags = descriptor->cloexec ? FD_CLOEXEC : 0,
		.fown_pid = owner.pid,
		.fown_type = owner.type,
		.fown_signum = owner.signum,
		.fown_uid = owner.uid,
		.fown_euid = owner.euid,
	};
	return 0;
}

static int make_room(void *data)
{
	struct file_get *get = data;
	int err = crlock_rows_reserve(&get->files, 1);

	if (err == -ENOBUFS) {
		crlock_rows_count(&get->files);
		err = 0;
	}
	return err;
}

static int walk_task(struct file_get *get, struct crlock_tasks *tasks, struct task_struct *task)
{
	int ret;

	if (!crlock_filter_tgid(&get->filter, task_tgid_nr(task)))
		return 0;
	ret = crlock_tasks_new_files(tasks, task);
	if (ret <= 0)
		return ret;
	get->tgid = task_tgid_nr_ns(task, get->pid_ns);
	get->tid = task_pid_nr_ns(task, get->pid_ns);
	return crlock_walk_descriptors(task, note_descriptor, make_room, get);
}

static int walk_tasks(struct file_get *get)
{
	struct crlock_tasks tasks;
	struct task_struct *task;
	int err = 0;

	crlock_tasks_init(&tasks, &get->budget);
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

static int build(struct file_get *get, struct netlink_callback *cb)
{
	int err;

	err = crlock_filter_parse_dump(&get->filter, cb);
	if (err)
		return err;
	if (!get->filter.nr_tgids) {
		NL_SET_ERR_MSG(cb->extack, "TGID: is missing");
		return -EINVAL;
	}
	get->pid_ns = task_active_pid_ns(current);
	get->budget.max = crlock_budget_max();
	crlock_rows_init(&get->files, &get->budget, sizeof(struct crlock_file));
	err = walk_tasks(get);
	if (!err && get->files.counting)
		return crlock_dump_lack(&get->common, -ENOBUFS, get->budget.most);
	return crlock_dump_lack(&get->common, err, 0);
}

static bool put_rows(struct file_get *get, struct sk_buff *skb)
{
	u32 at_first = get->next;

	while (get->next < get->files.nr) {
		struct crlock_file row = *(struct crlock_file *)crlock_row(&get->files, get->next);

		row.id = crlock_id_of_address(row.id);
		row.files_id = crlock_id_of_address(row.files_id);
		row.mount_id = crlock_id_of_address(row.mount_id);
		if (nla_put(skb, CRLOCK_A_FILE, sizeof(row), &row))
			break;
		get->next++;
	}
	return get->next != at_first;
}

int crlock_file_get_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct file_get *get;
	void *header;
	int err;

	get = crlock_dump_state(cb, sizeof(*get));
	if (IS_ERR(get))
		return PTR_ERR(get);
	if (!get->common.built) {
		get->common.built = true;
		get->common.err = crlock_dump_may(cb, false) ?: build(get, cb);
	}
	err = crlock_dump_error(&get->common, skb, cb, CRLOCK_CMD_FILE_GET);
	if (err)
		return err;
	header = crlock_dump_begin(skb, cb, CRLOCK_CMD_FILE_GET);
	if (!header)
		return -EMSGSIZE;
	if (!put_rows(get, skb)) {
		genlmsg_cancel(skb, header);
		return 0;
	}
	genlmsg_end(skb, header);
	return skb->len;
}

int crlock_file_get_done(struct netlink_callback *cb)
{
	struct file_get *get = crlock_dump_take(cb);

	if (get) {
		crlock_rows_free(&get->files);
		crlock_filter_free(&get->filter);
		kfree(get);
	}
	return 0;
}
