// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Timers: fdinfo tells the time that is left, also of those that were set to a point in time.
 */
#include <errno.h>

#include "dump/files/kinds.h"
#include "dump/files/state.h"

struct timer {
	uint64_t clock, ticks, flags;
	uint64_t value[2], interval[2]; /* seconds, nanoseconds */
};

/* "(SECONDS, NANOSECONDS)" */
static bool read_time(struct proc_text text, uint64_t time[2])
{
	struct proc_text seconds, rest;

	proc_text_skip(&text, " ");
	return proc_text_skip(&text, "(") && proc_text_field(&text, ',', &seconds) &&
	       proc_text_unsigned(seconds, 10, UINT64_MAX, &time[0]) && proc_text_skip(&text, " ") &&
	       proc_text_field(&text, ')', &rest) && proc_text_unsigned(rest, 10, UINT64_MAX, &time[1]);
}

static int line(struct dump_file *file, struct proc_text text)
{
	struct timer *timer = file->own;
	bool ok = true;

	if (proc_text_skip(&text, "clockid:"))
		ok = proc_text_unsigned(proc_text_word(&text), 10, UINT32_MAX, &timer->clock);
	else if (proc_text_skip(&text, "ticks:"))
		ok = proc_text_unsigned(proc_text_word(&text), 10, UINT64_MAX, &timer->ticks);
	else if (proc_text_skip(&text, "settime flags:"))
		ok = proc_text_unsigned(proc_text_word(&text), 8, UINT32_MAX, &timer->flags);
	else if (proc_text_skip(&text, "it_value:"))
		ok = read_time(text, timer->value);
	else if (proc_text_skip(&text, "it_interval:"))
		ok = read_time(text, timer->interval);
	return ok ? 0 : -EINVAL;
}

static int write_file(struct dump_files *files, struct dump_file *file)
{
	const struct timer *timer = file->own;
	Image__FileEntry entry = IMAGE__FILE_ENTRY__INIT;
	Image__TimerfdEntry message = IMAGE__TIMERFD_ENTRY__INIT;

	message.id = file->id;
	message.flags = file->flags;
	message.fown = &file->owner;
	message.clockid = timer->clock;
	message.ticks = timer->ticks;
	message.settime_flags = timer->flags;
	message.vsec = timer->value[0];
	message.vnsec = timer->value[1];
	message.isec = timer->interval[0];
	message.insec = timer->interval[1];
	entry.tfd = &message;
	return files_write_entry(files, file, &entry);
}

const struct file_kind file_kind_timerfd = {
	.type = IMAGE__FD_TYPES__TIMERFD,
	.size = sizeof(struct timer),
	.line = line,
	.write = write_file,
};
