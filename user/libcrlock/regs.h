/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CRLOCK_REGS_H
#define CRLOCK_REGS_H

#include <stdbool.h>

#include "crlock.h"
#include "decode.h"

/**
 * struct crlock_thread_decoder - Takes threads, each with its register sets in one message.
 * @decoder: to be given the messages
 * @fn: gets the threads
 * @data: of @fn
 * @thread: of this message
 * @found: @thread is filled in
 * @sets: of this message, owned; their data is in the message
 * @nr_sets: how many
 * @room: how many fit
 */
struct crlock_thread_decoder {
	struct crlock_decoder decoder;
	crlock_thread_fn *fn;
	void *data;
	struct crlock_thread thread;
	bool found;
	struct crlock_regset *sets;
	size_t nr_sets;
	size_t room;
};

void crlock_thread_decoder_init(struct crlock_thread_decoder *threads, crlock_thread_fn *fn, void *data);
void crlock_thread_decoder_free(struct crlock_thread_decoder *threads);

#endif
