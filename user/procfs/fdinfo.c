// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "procfs/fdinfo.h"

static void skip_blanks(struct proc_text *line)
{
	while (proc_text_skip(line, "\t") || proc_text_skip(line, " "))
		;
}

static int give_lock(struct proc_text line, const struct proc_fdinfo_fns *fns, void *data)
{
	struct proc_lock lock;

	skip_blanks(&line);
	return proc_lock_parse(line, &lock) ?: fns->lock(&lock, data);
}

/* Few kernels have this line and the next. What looks otherwise is a driver's, and of no concern here. */
static int give_request(struct proc_text line, const struct proc_fdinfo_fns *fns, void *data)
{
	struct proc_lock request;

	skip_blanks(&line);
	return proc_lock_parse(line, &request) || !request.depth ? 0 : fns->lock(&request, data);
}

static int give_lease(struct proc_text line, const struct proc_fdinfo_fns *fns, void *data)
{
	struct proc_break told;

	skip_blanks(&line);
	return !fns->lease || proc_break_parse(line, &told) ? 0 : fns->lease(&told, data);
}

int proc_fdinfo_line(struct proc_text line, struct proc_fdinfo *info, const struct proc_fdinfo_fns *fns,
		     void *data)
{
	uint64_t value;
	bool ok = true;

	if (proc_text_skip(&line, "lock:")) {
		return fns ? give_lock(line, fns, data) : 0;
	} else if (proc_text_skip(&line, "blocked:")) {
		return fns ? give_request(line, fns, data) : 0;
	} else if (proc_text_skip(&line, "lease:")) {
		return fns ? give_lease(line, fns, data) : 0;
	} else if (proc_text_skip(&line, "pos:")) {
		ok = proc_text_signed(proc_text_word(&line), &info->pos);
	} else if (proc_text_skip(&line, "flags:")) {
		ok = proc_text_unsigned(proc_text_word(&line), 8, UINT32_MAX, &value);
		info->flags = ok ? value : 0;
	} else if (proc_text_skip(&line, "mnt_id:")) {
		ok = proc_text_unsigned(proc_text_word(&line), 10, INT_MAX, &value);
		info->mnt_id = ok ? (int)value : -1;
	} else if (proc_text_skip(&line, "ino:")) {
		ok = proc_text_unsigned(proc_text_word(&line), 10, UINT64_MAX, &info->ino);
		info->has_ino = ok;
	}
	return ok ? 0 : -EINVAL;
}

/*
 * What a driver adds may begin like the lines above ("flags:", "pos:" of some files), but comes behind
 * them: the first of each counts.
 */
static bool is_known(struct proc_text line, unsigned int *seen)
{
	static const char *const words[] = { "pos:", "flags:", "mnt_id:", "ino:" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (!proc_text_skip(&line, words[i]))
			continue;
		if (*seen & 1U << i)
			return false;
		*seen |= 1U << i;
	}
	return true;
}

int proc_fdinfo_read(int dir, int fd, struct proc_lines *lines, struct proc_fdinfo *info,
		     const struct proc_fdinfo_fns *fns, void *data)
{
	struct proc_text line;
	unsigned int seen = 0;
	char name[32];
	int err, ret;

	*info = (struct proc_fdinfo){ .mnt_id = -1 };
	snprintf(name, sizeof(name), "fdinfo/%d", fd);
	err = proc_lines_open(lines, dir, name);
	if (err)
		return err;
	while (!err) {
		ret = proc_lines_next(lines, &line);
		if (ret <= 0) {
			err = ret;
			break;
		}
		if (is_known(line, &seen))
			err = proc_fdinfo_line(line, info, fns, data);
	}
	proc_lines_close(lines);
	return err;
}
