// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <string.h>

#include "crlock/verify/entry.h"
#include "locks/apply.h"
#include "procfs/order.h"

static bool is_lease(int kind)
{
	return kind == CRLOCK_KIND_LEASE || kind == CRLOCK_KIND_DELEGATION;
}

void entry_of_lock(struct entry *entry, const struct lock *lock)
{
	const struct crlock_lock *row = &lock->row;
	const uint8_t pending = CRLOCK_LOCK_UNLOCK_PENDING | CRLOCK_LOCK_DOWNGRADE_PENDING;
	bool ranged = lock_is_range(row->kind);

	*entry = (struct entry){
		.lock = lock,
		.line = {
			.kind = row->kind == CRLOCK_KIND_LAYOUT ? CRLOCK_KIND_LEASE : row->kind,
			.state = row->state & pending ? PROC_LOCK_BREAKING : PROC_LOCK_ACTIVE,
			.type = row->target,
			.pid = row->kind == CRLOCK_KIND_OFD ? -1 : row->pid,
			.has_inode = true,
			.dev_major = row->dev_major,
			.dev_minor = row->dev_minor,
			.ino = row->ino,
			.start = ranged ? row->start : 0,
			.end = ranged ? row->end : CRLOCK_EOF,
		},
	};
	/* Those of other pid namespaces; and of other machines, which are negative there. */
	if (!entry->line.pid) {
		entry->unknown = FIELD_PID;
		entry->optional = true;
	}
}

static bool same_pid(const struct entry *wanted, const struct entry *got)
{
	if (wanted->unknown & FIELD_PID)
		return got->line.pid <= 0;
	return wanted->line.pid == got->line.pid;
}

uint32_t entry_differs(const struct entry *wanted, const struct entry *got)
{
	const struct proc_lock *a = &wanted->line, *b = &got->line;
	uint32_t fields = 0;

	/* Who is not visible from here has no line; of other machines, numbers are negative. */
	if (wanted->lock && wanted->optional && !b->pid)
		return ALL_FIELDS;
	fields |= a->kind == b->kind && a->access == b->access ? 0 : FIELD_KIND;
	fields |= a->state == b->state ? 0 : FIELD_STATE;
	fields |= a->type == b->type ? 0 : FIELD_TYPE;
	fields |= a->ino == b->ino && a->has_inode == b->has_inode ? 0 : FIELD_INODE;
	fields |= a->dev_major == b->dev_major && a->dev_minor == b->dev_minor ? 0 : FIELD_DEVICE;
	fields |= a->start == b->start && a->end == b->end ? 0 : FIELD_RANGE;
	return (fields & ~(wanted->unknown | FIELD_PID)) | (same_pid(wanted, got) ? 0 : FIELD_PID);
}

int entry_order(const struct proc_lock *a, const struct proc_lock *b)
{
	COMPARE(a->dev_major, b->dev_major);
	COMPARE(a->dev_minor, b->dev_minor);
	COMPARE(a->ino, b->ino);
	COMPARE(a->kind, b->kind);
	COMPARE(a->start, b->start);
	COMPARE(a->end, b->end);
	COMPARE(a->pid, b->pid);
	COMPARE(a->type, b->type);
	COMPARE(a->state, b->state);
	COMPARE(a->has_inode, b->has_inode);
	COMPARE(a->access, b->access);
	return 0;
}

static const char *kind_word(const struct proc_lock *line)
{
	static const char *const words[] = {
		[CRLOCK_KIND_FLOCK] = "FLOCK  ",      [CRLOCK_KIND_POSIX] = "POSIX  ",
		[CRLOCK_KIND_OFD] = "OFDLCK ",	      [CRLOCK_KIND_LEASE] = "LEASE  ",
		[CRLOCK_KIND_DELEGATION] = "DELEG  ",
	};

	if (line->access)
		return "ACCESS ";
	if (line->kind < 0 || (size_t)line->kind >= sizeof(words) / sizeof(*words))
		return "UNKNOWN ";
	return words[line->kind];
}

static const char *state_word(const struct proc_lock *line)
{
	static const char *const words[] = {
		[PROC_LOCK_ACTIVE] = "ACTIVE    ",
		[PROC_LOCK_BREAKING] = "BREAKING  ",
		[PROC_LOCK_BREAKER] = "BREAKER   ",
	};

	if (line->kind == PROC_LOCK_KIND_UNKNOWN)
		return "UNKNOWN  ";
	if (is_lease(line->kind))
		return words[line->state];
	return line->has_inode ? "ADVISORY  " : "*NOINODE* ";
}

const char *entry_type_word(uint8_t type)
{
	return type == F_WRLCK ? "WRITE" : type == F_RDLCK ? "READ" : "UNLCK";
}

static void format(struct lock_buffer *buffer, const struct proc_lock *line)
{
	lock_buffer_format(buffer, "%" PRIu64 ": %*s%s%s%s%s %d ", line->nr,
			   line->depth ? (int)line->depth - 1 : 0, "", line->depth ? "-> " : "",
			   kind_word(line), state_word(line), entry_type_word(line->type), line->pid);
	if (line->has_inode)
		lock_buffer_format(buffer, "%02x:%02x:%" PRIu64, line->dev_major, line->dev_minor, line->ino);
	else
		lock_buffer_add(buffer, "<none>:0");
	lock_buffer_format(buffer, " %" PRId64 " ", line->start);
	if (line->end == CRLOCK_EOF)
		lock_buffer_add(buffer, "EOF");
	else
		lock_buffer_number(buffer, line->end);
}

void entry_format(struct lock_buffer *buffer, const struct entry *entry)
{
	if (entry->strange)
		lock_buffer_printable(buffer, entry->strange);
	else
		format(buffer, &entry->line);
}

bool entry_has_form(const struct entry *entry, struct proc_text text)
{
	struct lock_buffer buffer = { 0 };
	bool has;

	format(&buffer, &entry->line);
	has = proc_text_skip(&text, lock_buffer_text(&buffer)) && (text.at == text.end || *text.at == ' ');
	lock_buffer_free(&buffer);
	return has;
}
