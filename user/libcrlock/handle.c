// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Handles: what is kept between calls, and what all calls have in common.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "export.h"
#include "family.h"
#include "handle.h"
#include "info.h"

CRLOCK_EXPORT int crlock_load(void)
{
	struct crlock_connection connection;
	int err = crlock_connect_controller(&connection) ?: crlock_load_family(&connection);

	crlock_disconnect(&connection);
	return err;
}

CRLOCK_EXPORT int crlock_open(struct crlock **out)
{
	struct crlock *crlock = calloc(1, sizeof(*crlock));
	int err;

	*out = NULL;
	if (!crlock)
		return -ENOMEM;
	err = crlock_connect(&crlock->connection);
	if (!err)
		err = crlock_read_info(&crlock->connection, &crlock->info);
	if (!err && crlock->info.abi != CRLOCK_ABI)
		err = -EPROTO;
	if (err) {
		crlock_close(crlock);
		return err;
	}
	*out = crlock;
	return 0;
}

CRLOCK_EXPORT void crlock_close(struct crlock *crlock)
{
	if (!crlock)
		return;
	crlock_disconnect(&crlock->connection);
	free(crlock->events);
	free(crlock);
}

CRLOCK_EXPORT const char *crlock_error(const struct crlock *crlock)
{
	return crlock->connection.text;
}

CRLOCK_EXPORT uint64_t crlock_needed(const struct crlock *crlock)
{
	return crlock->needed;
}

CRLOCK_EXPORT uint32_t crlock_busy_queues(const struct crlock *crlock)
{
	return crlock->busy_queues;
}

CRLOCK_EXPORT uint32_t crlock_busy_mappings(const struct crlock *crlock)
{
	return crlock->busy_mappings;
}

/**
 * crlock_fail - Says more about an error.
 * @format: as printf(3)
 *
 * Returns: @err.
 */
int crlock_fail(struct crlock *crlock, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(crlock->connection.text, sizeof(crlock->connection.text), format, args);
	va_end(args);
	return err;
}

/**
 * crlock_begin - Begins a call: forgets what was said of the last one.
 *
 * Returns: 0, or -EBUSY if a callback uses the handle that is calling it, or the handle is for events.
 */
int crlock_begin(struct crlock *crlock)
{
	if (crlock->busy || crlock->events)
		return -EBUSY;
	crlock->connection.text[0] = '\0';
	crlock->needed = 0;
	crlock->busy_queues = 0;
	crlock->busy_mappings = 0;
	return 0;
}

/** crlock_read_message - Gives a message to a &struct crlock_decoder. Returns: as crlock_decode_message(). */
int crlock_read_message(const struct nlmsghdr *nlh, void *decoder)
{
	return crlock_decode_message(decoder, nlh);
}

/** crlock_explain - Says more about an error of what a decoder was given. Returns: @err. */
int crlock_explain(struct crlock *crlock, int err, const struct crlock_decoder *decoder)
{
	if (err == -EPROTO && decoder->flaw)
		return crlock_fail(crlock, err, "the module's answer is malformed: %s", decoder->flaw);
	return err;
}

/**
 * crlock_call - Sends a request and decodes the answer.
 * @crlock: the handle; crlock_begin() was called
 *
 * Returns: 0, what the decoder returned, or an error, of which crlock_error() may tell more.
 */
int crlock_call(struct crlock *crlock, struct nlmsghdr *request, struct crlock_decoder *decoder)
{
	int err;

	crlock->busy = true;
	err = crlock_ask(&crlock->connection, request, crlock_read_message, decoder);
	crlock->busy = false;
	crlock->needed = decoder->needed;
	crlock->busy_queues = decoder->busy_queues;
	crlock->busy_mappings = decoder->busy_mappings;
	/*
	 * Of the commands none fails so: generic netlink has no family of that number any more, or
	 * (try_module_get() in __netlink_dump_start()) the module is just being unloaded.
	 */
	if ((err == -ENOENT || err == -EPROTONOSUPPORT) && !crlock->connection.text[0])
		return crlock_fail(crlock, -ENOENT, "the module was unloaded since it was connected to");
	return crlock_explain(crlock, err, decoder);
}
