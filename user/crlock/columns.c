// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <strings.h>

#include <libsmartcols/libsmartcols.h>

#include "crlock/colour.h"
#include "crlock/columns.h"
#include "crlock/options.h"
#include "locks/apply.h"
#include "locks/format.h"
#include "locks/list.h"

static void fill_command(struct cell *cell, const struct lock *lock)
{
	cell_string(cell, lock_comm(lock));
}

static void add_pid(struct cell *cell, pid_t pid)
{
	if (pid > 0)
		cell_signed(cell, pid);
	else
		cell_unknown(cell);
}

static void fill_pid(struct cell *cell, const struct lock *lock)
{
	add_pid(cell, lock->row.pid);
}

static void fill_kind(struct cell *cell, const struct lock *lock)
{
	cell_word(cell, lock_kind_name(lock->row.kind));
}

static void fill_state(struct cell *cell, const struct lock *lock)
{
	struct lock_buffer *text = &cell->text;

	lock_format_state(text, lock);
	if (cell->is_json)
		cell->json = json_string(lock_buffer_text(text));
}

static void fill_held(struct cell *cell, const struct lock *lock)
{
	if (lock->unknown & LOCK_UNKNOWN_HELD)
		cell_unknown(cell);
	else
		cell_word(cell, lock_type_name(lock->row.held));
}

static void fill_target(struct cell *cell, const struct lock *lock)
{
	cell_word(cell, lock_type_name(lock->row.target));
}

/* Words become a list: an array, or with commas between. */
static void add_to_list(struct cell *cell, const char *word)
{
	if (!cell->is_json) {
		if (cell->text.len)
			lock_buffer_add(&cell->text, ",");
		lock_buffer_add(&cell->text, word);
		return;
	}
	if (!cell->json)
		cell->json = json_array();
	json_array_append_new(cell->json, json_string(word));
}

static void start_list(struct cell *cell)
{
	if (cell->is_json)
		cell->json = json_array();
}

static void fill_pending(struct cell *cell, const struct lock *lock)
{
	start_list(cell);
	if (lock->row.state & CRLOCK_LOCK_DOWNGRADE_PENDING)
		add_to_list(cell, "READ");
	if (lock->row.state & CRLOCK_LOCK_UNLOCK_PENDING)
		add_to_list(cell, "UNLCK");
}

static void add_deadline(struct cell *cell, const struct lock *lock, unsigned int pending, int64_t ms)
{
	if (!(lock->row.state & pending))
		return;
	if (lock->unknown & LOCK_UNKNOWN_DEADLINE)
		cell_unknown(cell);
	else if (ms == CRLOCK_NO_DEADLINE)
		cell_word(cell, "none");
	else if (cell->is_json)
		cell_signed(cell, ms);
	else
		lock_format_seconds(&cell->text, ms);
}

static void fill_break(struct cell *cell, const struct lock *lock)
{
	add_deadline(cell, lock, CRLOCK_LOCK_UNLOCK_PENDING, lock->row.break_ms);
}

static void fill_downgrade(struct cell *cell, const struct lock *lock)
{
	add_deadline(cell, lock, CRLOCK_LOCK_DOWNGRADE_PENDING, lock->row.downgrade_ms);
}

static void add_offset(struct cell *cell, int64_t offset)
{
	/* The largest offset is a number that reading as floating point would spoil. */
	if (offset == CRLOCK_EOF)
		cell_word(cell, "EOF");
	else
		cell_signed(cell, offset);
}

static void fill_start(struct cell *cell, const struct lock *lock)
{
	cell_signed(cell, lock->row.start);
}

static void fill_end(struct cell *cell, const struct lock *lock)
{
	add_offset(cell, lock->row.end);
}

static void fill_dev(struct cell *cell, const struct lock *lock)
{
	struct lock_buffer *text = &cell->text;

	lock_buffer_number(text, lock->row.dev_major);
	lock_buffer_add(text, ":");
	lock_buffer_number(text, lock->row.dev_minor);
	if (cell->is_json)
		cell->json = json_string(lock_buffer_text(text));
}

static void fill_inode(struct cell *cell, const struct lock *lock)
{
	cell_unsigned(cell, lock->row.ino);
}

static void fill_generation(struct cell *cell, const struct lock *lock)
{
	if (lock->unknown & LOCK_UNKNOWN_GENERATION)
		cell_unknown(cell);
	else
		cell_signed(cell, lock->row.generation);
}

static void fill_mnt(struct cell *cell, const struct lock *lock)
{
	if (lock->mnt_id < 0)
		cell_unknown(cell);
	else
		cell_signed(cell, lock->mnt_id);
}

static void add_id(struct cell *cell, const struct lock *lock, uint64_t id)
{
	if (lock->unknown & LOCK_UNKNOWN_ID)
		cell_unknown(cell);
	else
		cell_id(cell, id);
}

static void fill_mount_id(struct cell *cell, const struct lock *lock)
{
	add_id(cell, lock, lock->row.mount_id);
}

static void fill_id(struct cell *cell, const struct lock *lock)
{
	add_id(cell, lock, lock->row.id);
}

static void fill_file_id(struct cell *cell, const struct lock *lock)
{
	add_id(cell, lock, lock->row.file_id);
}

static void fill_owner_id(struct cell *cell, const struct lock *lock)
{
	add_id(cell, lock, lock->row.owner_id);
}

static void fill_rank(struct cell *cell, const struct lock *lock)
{
	if (lock->unknown & LOCK_UNKNOWN_RANK)
		cell_unknown(cell);
	else
		cell_signed(cell, lock->row.rank);
}

/* FL_* of the kernel's linux/filelock.h, by bit. */
static const char *const flag_names[32] = {
	[0] = "POSIX",		[1] = "FLOCK",	 [2] = "DELEG",
	[3] = "ACCESS",		[4] = "EXISTS",	 [5] = "LEASE",
	[6] = "CLOSE",		[7] = "SLEEP",	 [8] = "DOWNGRADE_PENDING",
	[9] = "UNLOCK_PENDING", [10] = "OFDLCK", [11] = "LAYOUT",
	[12] = "RECLAIM",
};

static void fill_flags(struct cell *cell, const struct lock *lock)
{
	uint32_t flags = lock->row.fl_flags;

	if (cell->is_json) {
		if (!(lock->unknown & LOCK_UNKNOWN_FLAGS))
			cell_signed(cell, flags);
		return;
	}
	for (unsigned int bit = 0; bit < 32; bit++) {
		if (!(flags & 1U << bit))
			continue;
		if (cell->text.len)
			lock_buffer_add(&cell->text, ",");
		if (flag_names[bit])
			lock_buffer_add(&cell->text, flag_names[bit]);
		else
			lock_buffer_format(&cell->text, "0x%x", 1U << bit);
	}
	if (lock->unknown & LOCK_UNKNOWN_FLAGS)
		lock_buffer_add(&cell->text, "?");
}

static json_t *pid_json(pid_t pid)
{
	return pid > 0 ? json_integer(pid) : json_null();
}

json_t *holder_json(const struct lock *lock, const struct lock_holder *holder)
{
	static const char *const kinds[] = {
		[CRLOCK_HOLDER_DESCRIPTOR] = "descriptor",
		[CRLOCK_HOLDER_MAPPING] = "mapping",
		[CRLOCK_HOLDER_IN_FLIGHT] = "in-flight",
	};
	const struct crlock_holder *row = &holder->row;
	json_t *json = json_object();
	struct lock_buffer text = { 0 };

	json_object_set_new(json, "kind",
			    row->kind <= CRLOCK_HOLDER_IN_FLIGHT ? json_string(kinds[row->kind])
								 : json_integer(row->kind));
	if (row->kind == CRLOCK_HOLDER_IN_FLIGHT) {
		json_object_set_new(json, "socket", json_integer(row->where));
		return json;
	}
	json_object_set_new(json, "pid", pid_json(row->tgid));
	json_object_set_new(json, "tid", pid_json(row->tid));
	json_object_set_new(json, "command", cell_json_string(holder->comm));
	if (row->kind == CRLOCK_HOLDER_MAPPING) {
		lock_buffer_format(&text, "%llx", (unsigned long long)row->where);
		json_object_set_new(json, "address", json_string(lock_buffer_text(&text)));
	} else {
		json_object_set_new(json, "fd", json_integer(row->fd));
		json_object_set_new(json, "cloexec", json_boolean(row->flags & CRLOCK_HOLDER_CLOEXEC));
		if (!(lock->unknown & LOCK_UNKNOWN_ID)) {
			lock_buffer_format(&text, "%016llx", (unsigned long long)row->files_id);
			json_object_set_new(json, "files_id", json_string(lock_buffer_text(&text)));
		}
	}
	lock_buffer_free(&text);
	return json;
}

static void fill_holders(struct cell *cell, const struct lock *lock)
{
	if (cell->is_json) {
		start_list(cell);
		for (size_t i = 0; i < lock->nr_holders; i++)
			json_array_append_new(cell->json, holder_json(lock, &lock->holders[i]));
	} else if (!lock->nr_holders && lock->unknown & LOCK_UNKNOWN_HOLDERS) {
		cell_unknown(cell);
	} else {
		lock_format_holders(&cell->text, lock, lock_comm(lock));
	}
}

static void fill_nr_holders(struct cell *cell, const struct lock *lock)
{
	if (!lock->nr_holders && lock->unknown & LOCK_UNKNOWN_HOLDERS)
		cell_unknown(cell);
	else
		cell_signed(cell, lock->nr_holders);
}

static json_t *offset_json(int64_t offset)
{
	return offset == CRLOCK_EOF ? json_string("EOF") : json_integer(offset);
}

static json_t *waiter_json(const struct lock_waiter *waiter)
{
	json_t *json = json_object();

	json_object_set_new(json, "pid", pid_json(waiter->pid));
	json_object_set_new(json, "command", cell_json_string(waiter->comm));
	json_object_set_new(json, "kind", json_string(lock_kind_name(waiter->kind)));
	json_object_set_new(json, "type", json_string(lock_type_name(waiter->type)));
	json_object_set_new(json, "start", json_integer(waiter->start));
	json_object_set_new(json, "end", offset_json(waiter->end));
	json_object_set_new(json, "breaker", json_boolean(waiter->breaker));
	json_object_set_new(json, "depth", json_integer(waiter->depth));
	return json;
}

static void fill_waiters(struct cell *cell, const struct lock *lock)
{
	if (cell->is_json) {
		start_list(cell);
		for (size_t i = 0; i < lock->nr_waiters; i++)
			json_array_append_new(cell->json, waiter_json(&lock->waiters[i]));
	} else if (!lock->nr_waiters && lock->row.state & CRLOCK_LOCK_WAITERS) {
		cell_unknown(cell);
	} else {
		lock_format_waiters(&cell->text, lock);
	}
}

static void fill_nr_waiters(struct cell *cell, const struct lock *lock)
{
	if (!lock->nr_waiters && lock->row.state & CRLOCK_LOCK_WAITERS)
		cell_unknown(cell);
	else
		cell_signed(cell, lock->nr_waiters);
}

static const char *notice_target(unsigned int type)
{
	switch (type) {
	case F_OWNER_TID:
		return "thread";
	case F_OWNER_PGRP:
		return "group";
	default:
		return "process";
	}
}

static void notice_json(struct cell *cell, const struct crlock_lock *row)
{
	cell->json = json_object();
	json_object_set_new(cell->json, "pid", pid_json(row->fown_pid));
	json_object_set_new(cell->json, "type", json_string(notice_target(row->fown_type)));
	json_object_set_new(cell->json, "signal", json_integer(row->fown_signum));
	json_object_set_new(cell->json, "uid", json_integer(row->fown_uid));
	json_object_set_new(cell->json, "euid", json_integer(row->fown_euid));
}

static void fill_notice(struct cell *cell, const struct lock *lock)
{
	const struct crlock_lock *row = &lock->row;
	/* SIGIO has another name, by which fcntl(2) does not call it. */
	bool is_sigio = !row->fown_signum || row->fown_signum == SIGIO;
	const char *signal = is_sigio ? "IO" : sigabbrev_np(row->fown_signum);

	if (lock->unknown & LOCK_UNKNOWN_NOTICE) {
		cell_unknown(cell);
	} else if (!(row->state & CRLOCK_LOCK_NOTICE)) {
		return;
	} else if (cell->is_json) {
		notice_json(cell, row);
	} else {
		if (signal)
			lock_buffer_format(&cell->text, "SIG%s", signal);
		else
			lock_buffer_format(&cell->text, "signal %d", row->fown_signum);
		lock_buffer_format(&cell->text, " to %s ", notice_target(row->fown_type));
		if (row->fown_pid > 0)
			lock_buffer_number(&cell->text, row->fown_pid);
		else
			lock_buffer_add(&cell->text, "?");
	}
}

static void fill_path(struct cell *cell, const struct lock *lock)
{
	cell_string(cell, lock->path);
}

static void fill_unknown(struct cell *cell, const struct lock *lock)
{
	static const char *const names[] = { "id",	   "held",   "deadline", "holders",
					     "generation", "notice", "flags",	 "rank" };

	start_list(cell);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (lock->unknown & 1U << i)
			add_to_list(cell, names[i]);
	}
}

#define COMM   LOCK_DETAIL_COMM
#define PATH   LOCK_DETAIL_PATH
#define MNT_ID LOCK_DETAIL_MNT_ID
#define WAIT   LOCK_DETAIL_WAITERS
#define RIGHT  SCOLS_FL_RIGHT
#define TRUNC  SCOLS_FL_TRUNC

/* clang-format off */
const struct column columns[] = {
	{ "COMMAND", "command", 12, 0, COMM, "name of the process that set it, or else holds it", fill_command },
	{ "PID", "pid", 5, RIGHT, 0, "process that set it, which may be gone", fill_pid },
	{ "KIND", "kind", 5, 0, 0, "FLOCK, POSIX, OFD, LEASE, DELEG or LAYOUT", fill_kind },
	{ "STATE", "state", 5, 0, 0, "type, and what a breaking lease becomes in which time", fill_state },
	{ "START", "start", 5, RIGHT, 0, "first byte", fill_start },
	{ "END", "end", 5, RIGHT, 0, "last byte, or EOF", fill_end },
	{ "HOLDERS", "holders", 0.2, TRUNC, COMM, "who has the open file description, all of them", fill_holders },
	{ "WAITERS", "waiters", 0.1, TRUNC, COMM | WAIT, "requests and opens that wait for it", fill_waiters },
	{ "PATH", "path", 0.3, TRUNC, PATH, "path of the file", fill_path },
	{ "HELD", "held", 5, 0, 0, "type that is in force: READ or WRITE", fill_held },
	{ "TARGET", "target", 5, 0, 0, "type that a breaking lease becomes, else as HELD", fill_target },
	{ "PENDING", "pending", 5, 0, 0, "types that a breaking lease is to become, in that order", fill_pending },
	{ "BREAK", "break", 5, RIGHT, 0, "time until the kernel takes a lease away", fill_break },
	{ "DOWNGRADE", "downgrade", 5, RIGHT, 0, "time until the kernel downgrades a lease", fill_downgrade },
	{ "DEV", "dev", 5, RIGHT, 0, "device of the superblock, MAJOR:MINOR", fill_dev },
	{ "INODE", "inode", 5, RIGHT, 0, "inode number on the superblock", fill_inode },
	{ "GEN", "generation", 5, RIGHT, 0, "generation of the inode number", fill_generation },
	{ "MNT", "mnt_id", 3, RIGHT, MNT_ID, "mount, as in mountinfo", fill_mnt },
	{ "RANK", "rank", 3, RIGHT, 0, "position in the inode's list", fill_rank },
	{ "ID", "id", 16, 0, 0, "id of the lock", fill_id },
	{ "FILE-ID", "file_id", 16, 0, 0, "id of the open file description", fill_file_id },
	{ "OWNER-ID", "owner_id", 16, 0, 0, "id of the owner: a description or a table of descriptors", fill_owner_id },
	{ "MOUNT-ID", "mount_id", 16, 0, 0, "id of the mount", fill_mount_id },
	{ "FLAGS", "flags", 5, 0, 0, "FL_* flags of the kernel", fill_flags },
	{ "NOTICE", "notice", 5, 0, 0, "who hears of a lease break", fill_notice },
	{ "NHOLDERS", "nholders", 3, RIGHT, 0, "how many holders", fill_nr_holders },
	{ "NWAITERS", "nwaiters", 3, RIGHT, WAIT, "how many waiters", fill_nr_waiters },
	{ "UNKNOWN", "unknown", 5, 0, 0, "what the source could not tell", fill_unknown },
};
/* clang-format on */

const size_t nr_columns = sizeof(columns) / sizeof(*columns);

static bool is_breaking(const struct lock *lock)
{
	return lock_is_breaking(lock) ||
	       lock->row.state & (CRLOCK_LOCK_UNLOCK_PENDING | CRLOCK_LOCK_DOWNGRADE_PENDING);
}

const char *columns_colour(const struct column *column, const struct lock *lock)
{
	if (column->fill == fill_state && is_breaking(lock))
		return COLOUR_WRONG;
	if (column->fill == fill_waiters && (lock->nr_waiters || lock->row.state & CRLOCK_LOCK_WAITERS))
		return COLOUR_WAITS;
	return NULL;
}

/* The first in the table, up to PATH. */
#define NR_DEFAULT 9

static const struct column *find(const char *name, size_t len)
{
	for (size_t i = 0; i < nr_columns; i++) {
		if (strlen(columns[i].name) == len && !strncasecmp(columns[i].name, name, len))
			return &columns[i];
	}
	return NULL;
}

static void choose_first(struct column_choice *choice, size_t nr)
{
	for (choice->nr = 0; choice->nr < nr; choice->nr++)
		choice->columns[choice->nr] = &columns[choice->nr];
}

void columns_choose_default(struct column_choice *choice)
{
	choose_first(choice, NR_DEFAULT);
}

static int add(void *data, const char *name, size_t len)
{
	const struct column *column = find(name, len);
	struct column_choice *choice = data;

	if (!column)
		return -EINVAL;
	if (choice->nr == sizeof(choice->columns) / sizeof(*choice->columns))
		return -E2BIG;
	choice->columns[choice->nr++] = column;
	return 0;
}

int columns_choose(struct column_choice *choice, const char *names)
{
	choice->nr = 0;
	if (*names == '+')
		columns_choose_default(choice);
	return options_columns(names, add, choice);
}

void columns_choose_all(struct column_choice *choice)
{
	choose_first(choice, nr_columns);
}

uint32_t columns_details(const struct column_choice *choice)
{
	uint32_t details = 0;

	for (size_t i = 0; i < choice->nr; i++)
		details |= choice->columns[i]->details;
	return details;
}
