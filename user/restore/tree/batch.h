/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls that a puppet makes one after the other, with one stop at the end of all.
 */
#ifndef RESTORE_BATCH_H
#define RESTORE_BATCH_H

#include <stdint.h>

#include "restore/tree/puppet.h"
#include "trace/arch.h"

#define BATCH_CALLS 128
#define BATCH_DATA  4096

/**
 * struct batch - Calls that are to be made.
 * @puppet: who makes them; it has settled
 * @nr: how many calls there are
 * @used: bytes of @data
 * @what: what each is for, to be said if it fails; NULL: it may fail
 * @calls: as the puppet gets them
 * @data: arguments in memory
 * @overflow: there were too many
 */
struct batch {
	struct puppet *puppet;
	size_t nr;
	size_t used;
	const char *what[BATCH_CALLS];
	struct trace_arch_batched calls[BATCH_CALLS];
	uint8_t data[BATCH_DATA];
	bool overflow;
};

/** batch_begin - Makes an empty batch. It has nothing to be freed. */
void batch_begin(struct batch *batch, struct puppet *puppet);

/**
 * batch_give - Puts arguments into the puppet's memory.
 *
 * Returns: where they will be when the calls are made.
 */
unsigned long batch_give(struct batch *batch, const void *data, size_t size);

/**
 * batch_call - Adds a call, with up to six arguments.
 * @what: what it is for, a string that stays; NULL: it may fail
 */
#define batch_call(batch, what, nr, ...) \
	batch_call_array((batch), (what), (nr), (const unsigned long[6]){ __VA_ARGS__ })

void batch_call_array(struct batch *batch, const char *what, long nr, const unsigned long args[6]);

/**
 * batch_run - Has all calls made, also those behind one that fails. Then the batch is empty.
 * @failed: gets what the first that failed was for, NULL: that there were too many, or that the puppet is gone
 *
 * Returns: 0 or a negative errno value.
 */
int batch_run(struct batch *batch, const char **failed);

#endif
