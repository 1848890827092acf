/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CRLOCK_EVENTS_H
#define CRLOCK_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "crlock.h"
#include "decode.h"

/**
 * struct crlock_event_decoder - Takes events. It owns nothing.
 * @decoder: to be given the messages
 * @fn: gets the events
 * @data: of @fn
 * @lost: see crlock_lost()
 * @ended: the module has said that it sends no more
 * @missed: something had no room: it may have been that
 */
struct crlock_event_decoder {
	struct crlock_decoder decoder;
	crlock_event_fn *fn;
	void *data;
	uint64_t lost;
	bool ended;
	bool missed;
};

void crlock_event_decoder_init(struct crlock_event_decoder *events, crlock_event_fn *fn, void *data);

#endif
