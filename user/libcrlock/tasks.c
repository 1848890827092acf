// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * CRLOCK_CMD_TASK_GET: threads with what those of a process have in common.
 */
#include <errno.h>
#include <stdlib.h>

#include "export.h"
#include "handle.h"
#include "request.h"
#include "tasks.h"

static int grow(struct crlock_task_decoder *tasks)
{
	size_t room = tasks->room ? 2 * tasks->room : 16;
	struct crlock_timer *timers = reallocarray(tasks->timers, room, sizeof(*timers));

	if (!timers)
		return -ENOMEM;
	tasks->timers = timers;
	tasks->room = room;
	return 0;
}

static int read_process(struct crlock_task_decoder *tasks, const struct crlock_attr *attr)
{
	const size_t least = CRLOCK_SIZE_UP_TO(struct crlock_process, nr_sigactions);
	struct crlock_process_state *state = &tasks->state;
	uint32_t i;

	*state = (struct crlock_process_state){};
	for (i = 0; i < CRLOCK_SIGNALS; i++)
		state->actions[i].signum = i + 1;
	tasks->nr_actions = 0;
	tasks->found = true;
	return crlock_decode_row(&tasks->decoder, attr, &state->process, sizeof(state->process), least);
}

static int read_action(struct crlock_task_decoder *tasks, const struct crlock_attr *attr)
{
	const size_t least = CRLOCK_SIZE_UP_TO(struct crlock_sigaction, reserved);
	struct crlock_sigaction action = { 0 };
	int err;

	err = crlock_decode_row(&tasks->decoder, attr, &action, sizeof(action), least);
	if (err)
		return err;
	if (!action.signum || action.signum > CRLOCK_SIGNALS)
		return crlock_decode_flaw(&tasks->decoder, "there is no such signal");
	tasks->state.actions[action.signum - 1] = action;
	tasks->nr_actions++;
	return 0;
}

static int read_timer(struct crlock_task_decoder *tasks, const struct crlock_attr *attr)
{
	const size_t least = CRLOCK_SIZE_UP_TO(struct crlock_timer, flags);
	struct crlock_timer *timer;
	int err;

	err = tasks->state.nr_timers < tasks->room ? 0 : grow(tasks);
	if (err)
		return err;
	timer = &tasks->timers[tasks->state.nr_timers];
	err = crlock_decode_row(&tasks->decoder, attr, timer, sizeof(*timer), least);
	if (!err)
		tasks->state.nr_timers++;
	return err;
}

static int read_task(struct crlock_task_decoder *tasks, const struct crlock_attr *attr)
{
	const size_t least = CRLOCK_SIZE_UP_TO(struct crlock_task, reserved);
	const struct crlock_process *process = &tasks->state.process;
	struct crlock_task task;
	int err;

	err = crlock_decode_row(&tasks->decoder, attr, &task, sizeof(task), least);
	if (err)
		return err;
	if (tasks->nr_actions != process->nr_sigactions || tasks->state.nr_timers != process->nr_timers)
		return crlock_decode_flaw(&tasks->decoder, "a process lacks handlers or timers");
	tasks->state.timers = tasks->timers;
	return tasks->fn(&task, &tasks->state, tasks->data);
}

static int read_attr(struct crlock_decoder *decoder, const struct crlock_attr *attr)
{
	struct crlock_task_decoder *tasks = (struct crlock_task_decoder *)decoder;

	if (attr->type == CRLOCK_A_PROCESS)
		return read_process(tasks, attr);
	if (attr->type < CRLOCK_A_SIGACTION || attr->type > CRLOCK_A_TASK)
		return 0;
	if (!tasks->found)
		return crlock_decode_flaw(decoder, "a row of no process");
	switch (attr->type) {
	case CRLOCK_A_SIGACTION:
		return read_action(tasks, attr);
	case CRLOCK_A_TIMER:
		return read_timer(tasks, attr);
	default:
		return read_task(tasks, attr);
	}
}

/** crlock_task_decoder_init - Makes a decoder, to be freed with crlock_task_decoder_free(). */
void crlock_task_decoder_init(struct crlock_task_decoder *tasks, crlock_task_fn *fn, void *data)
{
	*tasks = (struct crlock_task_decoder){ .decoder.attr = read_attr, .fn = fn, .data = data };
}

/** crlock_task_decoder_free - Frees what a decoder owns. */
void crlock_task_decoder_free(struct crlock_task_decoder *tasks)
{
	free(tasks->timers);
}

CRLOCK_EXPORT int crlock_each_task(struct crlock *crlock, const pid_t *tgids, size_t nr_tgids,
				   crlock_task_fn *fn, void *data)
{
	struct crlock_task_decoder tasks;
	struct nlmsghdr *request;
	int err;

	err = crlock_begin(crlock);
	if (err)
		return err;
	if (!(crlock->info.features & CRLOCK_FEATURE_TASKS))
		return crlock_fail(crlock, -EOPNOTSUPP, "the module cannot tell the state of tasks");
	err = crlock_request_task_get(&request, crlock, tgids, nr_tgids);
	if (err)
		return err;
	crlock_task_decoder_init(&tasks, fn, data);
	err = crlock_call(crlock, request, &tasks.decoder);
	crlock_task_decoder_free(&tasks);
	free(request);
	return err;
}
