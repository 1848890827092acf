// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * CRLOCK_CMD_LOCK_GET: locks with their holders.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "export.h"
#include "handle.h"
#include "locks.h"
#include "request.h"

static int grow(struct crlock_lock_decoder *locks)
{
	size_t room = locks->room ? 2 * locks->room : 64;
	struct crlock_holder *holders = reallocarray(locks->holders, room, sizeof(*holders));

	if (!holders)
		return -ENOMEM;
	locks->holders = holders;
	locks->room = room;
	return 0;
}

static int read_holder(struct crlock_lock_decoder *locks, const struct crlock_attr *attr)
{
	const size_t least = CRLOCK_SIZE_UP_TO(struct crlock_holder, reserved);
	struct crlock_holder *holder;
	int err;

	err = locks->nr_holders < locks->room ? 0 : grow(locks);
	if (err)
		return err;
	holder = &locks->holders[locks->nr_holders];
	err = crlock_decode_row(&locks->decoder, attr, holder, sizeof(*holder), least);
	if (err)
		return err;
	/*
	 * The first of another description, which may have the id of the former: that was closed while
	 * the module looked around, and this one came to its place in memory.
	 */
	if (locks->told || holder->file_id != locks->holders[0].file_id) {
		locks->holders[0] = *holder;
		locks->nr_holders = 0;
		locks->told = false;
	}
	locks->nr_holders++;
	return 0;
}

static int read_lock(struct crlock_lock_decoder *locks, const struct crlock_attr *attr)
{
	const size_t least = CRLOCK_SIZE_UP_TO(struct crlock_lock, reserved);
	struct crlock_lock lock = { 0 };
	int err;

	err = crlock_decode_row(&locks->decoder, attr, &lock, sizeof(lock), least);
	if (err)
		return err;
	/* A description without holders, which may have the id of the former too. */
	if (!lock.nr_holders || (locks->nr_holders && locks->holders[0].file_id != lock.file_id))
		locks->nr_holders = 0;
	if (locks->nr_holders != lock.nr_holders)
		return crlock_decode_flaw(&locks->decoder, "a lock lacks holders");
	locks->told = true;
	return locks->fn(&lock, locks->holders, locks->nr_holders, locks->data);
}

static int read_attr(struct crlock_decoder *decoder, const struct crlock_attr *attr)
{
	struct crlock_lock_decoder *locks = (struct crlock_lock_decoder *)decoder;

	switch (attr->type) {
	case CRLOCK_A_HOLDER:
		return read_holder(locks, attr);
	case CRLOCK_A_LOCK:
		return read_lock(locks, attr);
	default:
		return 0;
	}
}

/** crlock_lock_decoder_init - Makes a decoder, to be freed with crlock_lock_decoder_free(). */
void crlock_lock_decoder_init(struct crlock_lock_decoder *locks, crlock_lock_fn *fn, void *data)
{
	*locks = (struct crlock_lock_decoder){ .decoder.attr = read_attr, .fn = fn, .data = data };
}

/** crlock_lock_decoder_free - Frees what a decoder owns. */
void crlock_lock_decoder_free(struct crlock_lock_decoder *locks)
{
	free(locks->holders);
}

CRLOCK_EXPORT int crlock_each_lock(struct crlock *crlock, const struct crlock_filter *filter,
				   crlock_lock_fn *fn, void *data)
{
	struct crlock_lock_decoder locks;
	struct nlmsghdr *request;
	int err;

	err = crlock_begin(crlock) ?: crlock_request_lock_get(&request, crlock, filter);
	if (err)
		return err;
	crlock_lock_decoder_init(&locks, fn, data);
	err = crlock_call(crlock, request, &locks.decoder);
	crlock_lock_decoder_free(&locks);
	free(request);
	return err;
}
