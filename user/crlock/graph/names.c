// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>

#include "crlock/graph/names.h"
#include "locks/format.h"

void graph_name_process(struct lock_buffer *buffer, const struct graph_process *process,
			add_name_fn *add_name)
{
	if (!process) {
		lock_buffer_add(buffer, "?");
		return;
	}
	lock_buffer_number(buffer, process->pid);
	if (!process->comm)
		return;
	lock_buffer_add(buffer, "(");
	add_name(buffer, process->comm);
	lock_buffer_add(buffer, ")");
}

static bool has_range(unsigned int kind)
{
	return kind == CRLOCK_KIND_POSIX || kind == CRLOCK_KIND_OFD;
}

static void add_range(struct lock_buffer *buffer, int64_t start, int64_t end)
{
	lock_buffer_add(buffer, " ");
	lock_format_offset(buffer, start);
	lock_buffer_add(buffer, "-");
	lock_format_offset(buffer, end);
}

void graph_name_lock(struct lock_buffer *buffer, const struct lock *lock)
{
	lock_buffer_add(buffer, lock_kind_name(lock->row.kind));
	lock_buffer_add(buffer, " ");
	lock_format_state(buffer, lock);
	if (has_range(lock->row.kind))
		add_range(buffer, lock->row.start, lock->row.end);
}

void graph_name_file(struct lock_buffer *buffer, const struct lock *lock, add_name_fn *add_name)
{
	const struct crlock_lock *row = &lock->row;

	if (lock->path)
		add_name(buffer, lock->path);
	else
		lock_buffer_format(buffer, "inode %u:%u:%" PRIu64, row->dev_major, row->dev_minor,
				   (uint64_t)row->ino);
}

void graph_name_request(struct lock_buffer *buffer, const struct graph_wait *wait)
{
	const struct lock_waiter *waiter = wait->waiter;

	lock_buffer_add(buffer, waiter->breaker ? "to open for " : "for ");
	if (waiter->kind != wait->lock->lock->row.kind) {
		lock_buffer_add(buffer, lock_kind_name(waiter->kind));
		lock_buffer_add(buffer, " ");
	}
	lock_buffer_add(buffer, lock_type_name(waiter->type));
	if (has_range(waiter->kind))
		add_range(buffer, waiter->start, waiter->end);
}

static void add_others(struct lock_buffer *buffer, const struct graph_cycle *cycle, add_name_fn *add_name)
{
	if (!cycle->nr_others && !cycle->has_unseen)
		return;
	lock_buffer_add(buffer, "; could let go: ");
	for (size_t i = 0; i < cycle->nr_others; i++) {
		if (i)
			lock_buffer_add(buffer, ", ");
		graph_name_process(buffer, cycle->others[i], add_name);
	}
	if (cycle->has_unseen)
		lock_buffer_add(buffer, cycle->nr_others ? ", and others unseen" : "others unseen");
}

void graph_name_cycle(struct lock_buffer *buffer, const struct graph_cycle *cycle, add_name_fn *add_name)
{
	graph_name_process(buffer, cycle->processes[0], add_name);
	lock_buffer_add(buffer, " waits for ");
	if (cycle->nr == 1)
		lock_buffer_add(buffer, "itself");
	for (size_t i = 1; i < cycle->nr; i++) {
		graph_name_process(buffer, cycle->processes[i], add_name);
		lock_buffer_add(buffer, ", who waits for ");
	}
	if (cycle->nr > 1)
		graph_name_process(buffer, cycle->processes[0], add_name);
	add_others(buffer, cycle, add_name);
}
