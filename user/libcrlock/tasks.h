/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CRLOCK_TASKS_H
#define CRLOCK_TASKS_H

#include <stdbool.h>

#include "crlock.h"
#include "decode.h"

/**
 * struct crlock_task_decoder - Takes threads, each after what is common to those of its process.
 * @decoder: to be given the messages
 * @fn: gets the threads
 * @data: of @fn
 * @state: of the process whose rows are being read; its timers are @timers
 * @found: @state is of a process
 * @nr_actions: rows of that kind that came
 * @timers: owned
 * @room: how many timers fit
 */
struct crlock_task_decoder {
	struct crlock_decoder decoder;
	crlock_task_fn *fn;
	void *data;
	struct crlock_process_state state;
	bool found;
	size_t nr_actions;
	struct crlock_timer *timers;
	size_t room;
};

void crlock_task_decoder_init(struct crlock_task_decoder *tasks, crlock_task_fn *fn, void *data);
void crlock_task_decoder_free(struct crlock_task_decoder *tasks);

#endif
