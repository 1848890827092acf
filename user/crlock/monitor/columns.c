// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "crlock/monitor/columns.h"
#include "crlock/options.h"
#include "locks/lock.h"

static const char *const event_names[] = {
	[CRLOCK_EVENT_SET] = "set",	      [CRLOCK_EVENT_BLOCKED] = "blocked",
	[CRLOCK_EVENT_GRANTED] = "granted",   [CRLOCK_EVENT_UNBLOCKED] = "unblocked",
	[CRLOCK_EVENT_REFUSED] = "refused",   [CRLOCK_EVENT_CANCELLED] = "cancelled",
	[CRLOCK_EVENT_RELEASED] = "released", [CRLOCK_EVENT_ASKED] = "asked",
	[CRLOCK_EVENT_BROKEN] = "broken",     [CRLOCK_EVENT_DEADLINE] = "deadline",
};

#define NR_EVENTS (sizeof(event_names) / sizeof(*event_names))

int event_parse(const char *name)
{
	for (size_t i = 0; i < NR_EVENTS; i++) {
		if (!strcasecmp(event_names[i], name))
			return i;
	}
	return -1;
}

void event_fill_time(struct cell *cell, int64_t time_ns)
{
	time_t seconds = time_ns / 1000000000;
	long ns = time_ns % 1000000000;
	char digits[32], text[64];
	struct tm tm;

	if (cell->is_json) {
		gmtime_r(&seconds, &tm);
		strftime(digits, sizeof(digits), "%Y-%m-%dT%H:%M:%S", &tm);
		snprintf(text, sizeof(text), "%s.%09ldZ", digits, ns);
	} else {
		localtime_r(&seconds, &tm);
		strftime(digits, sizeof(digits), "%H:%M:%S", &tm);
		snprintf(text, sizeof(text), "%s.%06ld", digits, ns / 1000);
	}
	cell_word(cell, text);
}

static void fill_time(struct cell *cell, const struct told_event *event)
{
	event_fill_time(cell, event->row->time_ns);
}

static void fill_event(struct cell *cell, const struct told_event *event)
{
	uint8_t kind = event->row->event;

	if (kind < NR_EVENTS)
		cell_word(cell, event_names[kind]);
	else
		cell_signed(cell, kind);
}

static void fill_kind(struct cell *cell, const struct told_event *event)
{
	cell_word(cell, lock_kind_name(event->row->kind));
}

static void fill_type(struct cell *cell, const struct told_event *event)
{
	const struct crlock_event *row = event->row;
	struct lock_buffer *text = &cell->text;

	if (row->flags & CRLOCK_EVENT_UNSURE) {
		cell_unknown(cell);
		return;
	}
	lock_buffer_format(text, "%s%s", row->flags & CRLOCK_EVENT_OPEN ? "open for " : "",
			   lock_type_name(row->held));
	if (row->target != row->held)
		lock_buffer_format(text, ">%s", lock_type_name(row->target));
	if (cell->is_json)
		cell->json = json_string(lock_buffer_text(text));
}

static void fill_start(struct cell *cell, const struct told_event *event)
{
	cell_signed(cell, event->row->start);
}

static void fill_end(struct cell *cell, const struct told_event *event)
{
	/* The largest offset is a number that reading as floating point would spoil. */
	if (event->row->end == CRLOCK_EOF)
		cell_word(cell, "EOF");
	else
		cell_signed(cell, event->row->end);
}

static void add_name(struct cell *cell, const char *name)
{
	cell_string(cell, *name ? name : NULL);
}

static void add_pid(struct cell *cell, pid_t pid)
{
	if (pid > 0)
		cell_signed(cell, pid);
	else
		cell_unknown(cell);
}

static void fill_command(struct cell *cell, const struct told_event *event)
{
	add_name(cell, event->row->comm);
}

static void fill_pid(struct cell *cell, const struct told_event *event)
{
	add_pid(cell, event->row->pid);
}

static json_t *by_json(const struct crlock_event *row)
{
	json_t *json = json_object();

	json_object_set_new(json, "pid", row->by_pid > 0 ? json_integer(row->by_pid) : json_null());
	json_object_set_new(json, "tid", row->by_tid > 0 ? json_integer(row->by_tid) : json_null());
	json_object_set_new(json, "command", cell_json_string(row->by_comm));
	return json;
}

static void fill_by(struct cell *cell, const struct told_event *event)
{
	const struct crlock_event *row = event->row;

	if (cell->is_json) {
		cell->json = by_json(row);
	} else if (row->event == CRLOCK_EVENT_BROKEN || row->event == CRLOCK_EVENT_DEADLINE) {
		add_pid(cell, row->by_pid);
		lock_buffer_add(&cell->text, "(");
		lock_buffer_printable(&cell->text, row->by_comm);
		lock_buffer_add(&cell->text, ")");
	}
}

static void fill_path(struct cell *cell, const struct told_event *event)
{
	const struct crlock_event *row = event->row;

	if (event->path || cell->is_json)
		cell_string(cell, event->path);
	else
		lock_buffer_format(&cell->text, "%u:%u:%llu", row->dev_major, row->dev_minor,
				   (unsigned long long)row->ino);
}

static void fill_error(struct cell *cell, const struct told_event *event)
{
	int error = event->row->error;

	if (error)
		cell_string(cell, strerrorname_np(error));
}

static void fill_more(struct cell *cell, const struct told_event *event)
{
	static const char *const names[] = { "open", "close", "unsure" };

	if (cell->is_json)
		cell->json = json_array();
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!(event->row->flags & 1U << i))
			continue;
		if (cell->is_json) {
			json_array_append_new(cell->json, json_string(names[i]));
			continue;
		}
		if (cell->text.len)
			lock_buffer_add(&cell->text, ",");
		lock_buffer_add(&cell->text, names[i]);
	}
}

static void fill_dev(struct cell *cell, const struct told_event *event)
{
	lock_buffer_format(&cell->text, "%u:%u", event->row->dev_major, event->row->dev_minor);
	if (cell->is_json)
		cell->json = json_string(lock_buffer_text(&cell->text));
}

static void fill_inode(struct cell *cell, const struct told_event *event)
{
	cell_unsigned(cell, event->row->ino);
}

static void fill_generation(struct cell *cell, const struct told_event *event)
{
	cell_signed(cell, event->row->generation);
}

static void add_id(struct cell *cell, uint64_t id)
{
	if (id)
		cell_id(cell, id);
}

static void fill_file_id(struct cell *cell, const struct told_event *event)
{
	add_id(cell, event->row->file_id);
}

static void fill_owner_id(struct cell *cell, const struct told_event *event)
{
	add_id(cell, event->row->owner_id);
}

static const char path_key[] = "path";

/* clang-format off */
const struct event_column event_columns[] = {
	{ "TIME", "time", -15, "when it happened", fill_time },
	{ "EVENT", "event", -9, "what happened", fill_event },
	{ "KIND", "kind", -6, "FLOCK, POSIX, OFD, LEASE, DELEG or LAYOUT", fill_kind },
	{ "TYPE", "type", -14, "READ or WRITE, and what a lease becomes", fill_type },
	{ "START", "start", 6, "first byte", fill_start },
	{ "END", "end", 6, "last byte, or EOF", fill_end },
	{ "COMMAND", "command", -15, "name of the process", fill_command },
	{ "PID", "pid", 7, "process that asked; of a lease that is broken, that set it", fill_pid },
	{ "BY", "by", -16, "who breaks a lease, or has the kernel look at its time", fill_by },
	{ "PATH", path_key, 0, "path of the file, or MAJOR:MINOR:INODE", fill_path },
	{ "ERROR", "error", -10, "why it was refused or cancelled", fill_error },
	{ "MORE", "more", -5, "open, close, unsure", fill_more },
	{ "DEV", "dev", -7, "device of the superblock, MAJOR:MINOR", fill_dev },
	{ "INODE", "inode", 10, "inode number on the superblock", fill_inode },
	{ "GEN", "generation", 10, "generation of the inode number", fill_generation },
	{ "FILE-ID", "file_id", -16, "id of the open file description", fill_file_id },
	{ "OWNER-ID", "owner_id", -16, "id of the owner: a description or a table of descriptors", fill_owner_id },
};
/* clang-format on */

const size_t nr_event_columns = sizeof(event_columns) / sizeof(*event_columns);

/* The first in the table, up to PATH. */
#define NR_DEFAULT 10

static const struct event_column *find(const char *name, size_t len)
{
	for (size_t i = 0; i < nr_event_columns; i++) {
		if (strlen(event_columns[i].name) == len && !strncasecmp(event_columns[i].name, name, len))
			return &event_columns[i];
	}
	return NULL;
}

void event_choose_default(struct event_choice *choice, bool json)
{
	size_t nr = json ? nr_event_columns : NR_DEFAULT;

	for (choice->nr = 0; choice->nr < nr; choice->nr++)
		choice->columns[choice->nr] = &event_columns[choice->nr];
}

static int add(void *data, const char *name, size_t len)
{
	const struct event_column *column = find(name, len);
	struct event_choice *choice = data;

	if (!column)
		return -EINVAL;
	if (choice->nr == sizeof(choice->columns) / sizeof(*choice->columns))
		return -E2BIG;
	choice->columns[choice->nr++] = column;
	return 0;
}

int event_choose(struct event_choice *choice, const char *names)
{
	choice->nr = 0;
	if (*names == '+')
		event_choose_default(choice, false);
	return options_columns(names, add, choice);
}

bool event_wants_path(const struct event_choice *choice)
{
	for (size_t i = 0; i < choice->nr; i++) {
		if (choice->columns[i]->key == path_key)
			return true;
	}
	return false;
}
