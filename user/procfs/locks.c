// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>

#include "procfs/locks.h"
#include "procfs/order.h"

static bool parse_number(struct proc_text *line, uint64_t *nr)
{
	struct proc_text field;

	return proc_text_field(line, ':', &field) &&
	       proc_text_unsigned(proc_text_word(&field), 10, UINT64_MAX, nr) && proc_text_skip(line, " ");
}

/* Requests have "-> ", with one blank more before it for each level from the second on. */
static bool parse_depth(struct proc_text *line, struct proc_lock *lock)
{
	unsigned int blanks = 0;

	while (proc_text_skip(line, " "))
		blanks++;
	lock->depth = 0;
	if (proc_text_skip(line, "-> "))
		lock->depth = blanks + 1;
	return true;
}

static bool parse_kind(struct proc_text *line, struct proc_lock *lock)
{
	static const struct {
		const char *word;
		int kind;
	} kinds[] = {
		{ "FLOCK", CRLOCK_KIND_FLOCK },	 { "POSIX", CRLOCK_KIND_POSIX },
		{ "ACCESS", CRLOCK_KIND_POSIX }, { "OFDLCK", CRLOCK_KIND_OFD },
		{ "LEASE", CRLOCK_KIND_LEASE },	 { "DELEG", CRLOCK_KIND_DELEGATION },
	};
	struct proc_text word = proc_text_word(line);

	lock->access = proc_text_is(word, "ACCESS");
	lock->kind = PROC_LOCK_KIND_UNKNOWN;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (proc_text_is(word, kinds[i].word))
			lock->kind = kinds[i].kind;
	}
	return word.at < word.end;
}

/* ADVISORY, MANDATORY or *NOINODE*; of leases ACTIVE, BREAKING or BREAKER. */
static bool parse_state(struct proc_text *line, struct proc_lock *lock)
{
	struct proc_text word = proc_text_word(line);

	lock->mandatory = proc_text_is(word, "MANDATORY");
	lock->state = PROC_LOCK_ACTIVE;
	if (proc_text_is(word, "BREAKING"))
		lock->state = PROC_LOCK_BREAKING;
	else if (proc_text_is(word, "BREAKER"))
		lock->state = PROC_LOCK_BREAKER;
	return word.at < word.end;
}

static bool parse_type(struct proc_text word, uint8_t *type)
{
	if (proc_text_is(word, "READ"))
		*type = F_RDLCK;
	else if (proc_text_is(word, "WRITE") || proc_text_is(word, "RW"))
		*type = F_WRLCK;
	else if (proc_text_is(word, "UNLCK") || proc_text_is(word, "NONE"))
		*type = F_UNLCK;
	else
		return false;
	return true;
}

static bool parse_pid(struct proc_text *line, struct proc_lock *lock)
{
	int64_t pid;

	if (!proc_text_signed(proc_text_word(line), &pid) || pid < INT_MIN || pid > INT_MAX)
		return false;
	lock->pid = pid;
	return true;
}

static bool parse_inode(struct proc_text *line, struct proc_lock *lock)
{
	struct proc_text word = proc_text_word(line), major, minor;
	uint64_t value;

	lock->has_inode = !proc_text_skip(&word, "<none>:");
	lock->dev_major = 0;
	lock->dev_minor = 0;
	if (lock->has_inode) {
		if (!proc_text_field(&word, ':', &major) || !proc_text_field(&word, ':', &minor) ||
		    !proc_text_unsigned(major, 16, UINT32_MAX, &value))
			return false;
		lock->dev_major = value;
		if (!proc_text_unsigned(minor, 16, UINT32_MAX, &value))
			return false;
		lock->dev_minor = value;
	}
	return proc_text_unsigned(word, 10, UINT64_MAX, &lock->ino);
}

static bool parse_range(struct proc_text *line, struct proc_lock *lock)
{
	struct proc_text end;

	if (!proc_text_signed(proc_text_word(line), &lock->start))
		return false;
	end = proc_text_word(line);
	if (!proc_text_is(end, "EOF"))
		return proc_text_signed(end, &lock->end);
	lock->end = CRLOCK_EOF;
	return true;
}

int proc_lock_parse(struct proc_text line, struct proc_lock *lock)
{
	bool ok = parse_number(&line, &lock->nr) && parse_depth(&line, lock) && parse_kind(&line, lock) &&
		  parse_state(&line, lock) && parse_type(proc_text_word(&line), &lock->type) &&
		  parse_pid(&line, lock) && parse_inode(&line, lock) && parse_range(&line, lock);

	lock->is_told = false;
	return ok ? 0 : -EINVAL;
}

static bool parse_deadline(struct proc_text word, bool *pending, int64_t *ms)
{
	uint64_t value;

	if (*pending)
		return false;
	*pending = true;
	*ms = PROC_NO_DEADLINE;
	if (proc_text_is(word, "never"))
		return true;
	if (!proc_text_unsigned(word, 10, UINT32_MAX, &value))
		return false;
	*ms = value;
	return true;
}

static bool parse_pair(struct proc_text word, struct proc_text value, struct proc_break *told)
{
	if (proc_text_is(word, "held"))
		return parse_type(value, &told->held);
	if (proc_text_is(word, "target"))
		return parse_type(value, &told->target);
	if (proc_text_is(word, "downgrade"))
		return parse_deadline(value, &told->downgrade, &told->downgrade_ms);
	if (proc_text_is(word, "unlock"))
		return parse_deadline(value, &told->unlock, &told->unlock_ms);
	return proc_text_len(value);
}

/* The target is that of the change which is pending last, and less than what is held. */
static bool makes_sense(const struct proc_break *told)
{
	if (told->unlock)
		return told->target == F_UNLCK && told->held != F_UNLCK;
	return told->downgrade && told->target == F_RDLCK && told->held == F_WRLCK;
}

int proc_break_parse(struct proc_text line, struct proc_break *told)
{
	struct proc_text word;

	*told = (struct proc_break){ .held = F_UNLCK, .target = F_UNLCK };
	if (!parse_number(&line, &told->nr))
		return -EINVAL;
	while (proc_text_len(word = proc_text_word(&line))) {
		if (!parse_pair(word, proc_text_word(&line), told))
			return -EINVAL;
	}
	return makes_sense(told) ? 0 : -EINVAL;
}

int proc_lock_compare(const void *x, const void *y)
{
	const struct proc_lock *a = x, *b = y;

	COMPARE(a->ino, b->ino);
	COMPARE(a->dev_major, b->dev_major);
	COMPARE(a->dev_minor, b->dev_minor);
	COMPARE(a->has_inode, b->has_inode);
	COMPARE(a->kind, b->kind);
	COMPARE(a->start, b->start);
	COMPARE(a->end, b->end);
	COMPARE(a->pid, b->pid);
	COMPARE(a->type, b->type);
	COMPARE(a->depth, b->depth);
	COMPARE(a->state, b->state);
	COMPARE(a->access, b->access);
	COMPARE(a->mandatory, b->mandatory);
	return 0;
}

int proc_lock_list_add(struct proc_lock_list *list, const struct proc_lock *line)
{
	if (list->nr == list->room) {
		size_t room = list->room ? 2 * list->room : 16;
		struct proc_lock *lines = reallocarray(list->lines, room, sizeof(*lines));

		if (!lines)
			return -ENOMEM;
		list->lines = lines;
		list->room = room;
	}
	list->lines[list->nr++] = *line;
	return 0;
}

/* Reads what one read(2) tells. Returns: 1, 0 at the end of the file, or a negative errno value. */
static int read_piece(struct proc_lock_list *piece, struct proc_lines *lines, size_t *strange)
{
	struct proc_text text;
	struct proc_lock line;
	int ret;

	piece->nr = 0;
	do {
		ret = proc_lines_next(lines, &text);
		if (ret <= 0)
			break;
		if (proc_lock_parse(text, &line))
			++*strange;
		else if (proc_lock_list_add(piece, &line))
			return -ENOMEM;
	} while (lines->start < lines->end);
	return ret ? ret : piece->nr > 0;
}

/* How many lines at the beginning of a piece were at the end of the one before. */
static size_t count_repeated(const struct proc_lock_list *before, const struct proc_lock_list *piece)
{
	size_t nr = before->nr < piece->nr ? before->nr : piece->nr;

	for (; nr; nr--) {
		size_t same = 0;

		while (same < nr &&
		       !proc_lock_compare(&before->lines[before->nr - nr + same], &piece->lines[same]))
			same++;
		if (same == nr)
			break;
	}
	return nr;
}

static int each_line(struct proc_lines *lines, proc_lock_fn *fn, void *data, struct proc_locks_told *told)
{
	struct proc_lock_list before = { 0 }, piece = { 0 };
	size_t nr = 0;
	int ret, err = 0;

	while (!err && (ret = read_piece(&piece, lines, &told->strange))) {
		struct proc_lock_list swapped = before;

		told->at_once = !nr++;
		err = ret < 0 ? ret : 0;
		for (size_t i = count_repeated(&before, &piece); !err && i < piece.nr; i++)
			err = fn(&piece.lines[i], data);
		before = piece;
		piece = swapped;
	}
	free(before.lines);
	free(piece.lines);
	return err;
}

int proc_locks_each(const char *path, proc_lock_fn *fn, void *data, struct proc_locks_told *told)
{
	struct proc_lines *lines = malloc(sizeof(*lines));
	int ret = lines ? proc_lines_open(lines, AT_FDCWD, path) : -ENOMEM;
	struct proc_locks_told unwanted;

	told = told ? told : &unwanted;
	*told = (struct proc_locks_told){ .at_once = true };
	if (!ret) {
		ret = each_line(lines, fn, data, told);
		proc_lines_close(lines);
	}
	free(lines);
	return ret;
}

int proc_locks_twice(const char *path, proc_lock_fn *fn, void *data)
{
	struct proc_locks_told told;
	int ret = proc_locks_each(path, fn, data, &told);

	return ret || told.at_once ? ret : proc_locks_each(path, fn, data, NULL);
}
