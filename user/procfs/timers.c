// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>

#include "procfs/timers.h"

static bool parse_int(struct proc_text text, int *value)
{
	int64_t number;

	if (!proc_text_signed(text, &number) || number < INT_MIN || number > INT_MAX)
		return false;
	*value = number;
	return true;
}

/* "14/0000000000000000": in base 16 behind the slash */
static bool parse_signal(struct proc_text word, struct proc_timer *timer)
{
	struct proc_text signum;

	return proc_text_field(&word, '/', &signum) && parse_int(signum, &timer->signum) &&
	       proc_text_unsigned(word, 16, UINT64_MAX, &timer->sigval);
}

/* "signal/pid.12", "none/tid.13": the number is that of a thread if so it says */
static bool parse_notify(struct proc_text word, struct proc_timer *timer)
{
	struct proc_text how;

	if (!proc_text_field(&word, '/', &how))
		return false;
	timer->notify = proc_text_is(how, "none")     ? SIGEV_NONE
			: proc_text_is(how, "thread") ? SIGEV_THREAD
						      : SIGEV_SIGNAL;
	if (proc_text_skip(&word, "tid.")) {
		timer->notify |= SIGEV_THREAD_ID;
		return parse_int(word, &timer->notify_tid);
	}
	return true;
}

static int take_line(struct proc_text line, struct proc_timer **timers, int *nr)
{
	struct proc_timer *more, *last = *nr ? &(*timers)[*nr - 1] : NULL;
	bool ok = true;

	if (proc_text_skip(&line, "ID:")) {
		more = reallocarray(*timers, *nr + 1, sizeof(*more));
		if (!more)
			return -ENOMEM;
		*timers = more;
		last = &more[(*nr)++];
		*last = (struct proc_timer){ 0 };
		ok = parse_int(proc_text_word(&line), &last->id);
	} else if (last && proc_text_skip(&line, "signal:")) {
		ok = parse_signal(proc_text_word(&line), last);
	} else if (last && proc_text_skip(&line, "notify:")) {
		ok = parse_notify(proc_text_word(&line), last);
	} else if (last && proc_text_skip(&line, "ClockID:")) {
		ok = parse_int(proc_text_word(&line), &last->clock);
	}
	return ok ? 0 : -EINVAL;
}

int proc_timers_read(int dir, struct proc_timer **timers)
{
	struct proc_lines *lines = malloc(sizeof(*lines));
	struct proc_text line;
	int ret = lines ? proc_lines_open(lines, dir, "timers") : -ENOMEM, nr = 0;

	*timers = NULL;
	if (!ret) {
		while ((ret = proc_lines_next(lines, &line)) > 0) {
			ret = take_line(line, timers, &nr);
			if (ret)
				break;
		}
		proc_lines_close(lines);
	}
	free(lines);
	return ret < 0 ? ret : nr;
}
