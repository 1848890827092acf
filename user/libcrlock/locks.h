/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CRLOCK_LOCKS_H
#define CRLOCK_LOCKS_H

#include <stdbool.h>

#include "crlock.h"
#include "decode.h"

/**
 * struct crlock_lock_decoder - Joins rows of locks with those of the holders, which come before.
 * @decoder: to be given the messages
 * @fn: gets the locks
 * @data: of @fn
 * @holders: of one open file description, owned
 * @nr_holders: how many
 * @room: how many fit
 * @told: a lock of their description was told
 */
struct crlock_lock_decoder {
	struct crlock_decoder decoder;
	crlock_lock_fn *fn;
	void *data;
	struct crlock_holder *holders;
	size_t nr_holders;
	size_t room;
	bool told;
};

void crlock_lock_decoder_init(struct crlock_lock_decoder *locks, crlock_lock_fn *fn, void *data);
void crlock_lock_decoder_free(struct crlock_lock_decoder *locks);

#endif
