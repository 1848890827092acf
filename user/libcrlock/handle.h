/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CRLOCK_HANDLE_H
#define CRLOCK_HANDLE_H

#include <stdbool.h>
#include <stdint.h>

#include "connection.h"
#include "crlock.h"
#include "decode.h"

/**
 * struct crlock - A handle.
 * @connection: to the kernel
 * @info: what the module said when the handle was opened
 * @needed: see crlock_needed()
 * @busy_queues: see crlock_busy_queues()
 * @busy_mappings: see crlock_busy_mappings()
 * @busy: an answer is being read
 * @events: what takes events, if the handle is for these; owned
 */
struct crlock {
	struct crlock_connection connection;
	struct crlock_info info;
	uint64_t needed;
	uint32_t busy_queues;
	uint32_t busy_mappings;
	bool busy;
	struct crlock_event_decoder *events;
};

int crlock_begin(struct crlock *crlock);
int crlock_call(struct crlock *crlock, struct nlmsghdr *request, struct crlock_decoder *decoder);
int crlock_read_message(const struct nlmsghdr *nlh, void *decoder);
int crlock_explain(struct crlock *crlock, int err, const struct crlock_decoder *decoder);
int crlock_fail(struct crlock *crlock, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
