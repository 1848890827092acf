// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * CRLOCK_CMD_MONITOR: events, as they come.
 */
#include <errno.h>
#include <stdlib.h>

#include "events.h"
#include "export.h"
#include "family.h"
#include "handle.h"
#include "request.h"

/* So many datagrams are read before the caller can look at something else. */
#define DATAGRAMS_AT_ONCE 64

static int read_event(struct crlock_event_decoder *events, const struct crlock_attr *attr)
{
	const size_t least = CRLOCK_SIZE_UP_TO(struct crlock_event, by_comm);
	struct crlock_event event;
	int err;

	err = crlock_decode_row(&events->decoder, attr, &event, sizeof(event), least);
	if (err)
		return err;
	event.comm[sizeof(event.comm) - 1] = '\0';
	event.by_comm[sizeof(event.by_comm) - 1] = '\0';
	return events->fn(&event, events->data);
}

static int read_attr(struct crlock_decoder *decoder, const struct crlock_attr *attr)
{
	struct crlock_event_decoder *events = (struct crlock_event_decoder *)decoder;

	switch (attr->type) {
	case CRLOCK_A_EVENT:
		return read_event(events, attr);
	case CRLOCK_A_LOST:
		return crlock_decode_u64(decoder, attr, &events->lost);
	case CRLOCK_A_END:
		events->ended = true;
		return 0;
	default:
		return 0;
	}
}

/** crlock_event_decoder_init - Makes a decoder. */
void crlock_event_decoder_init(struct crlock_event_decoder *events, crlock_event_fn *fn, void *data)
{
	*events = (struct crlock_event_decoder){ .decoder.attr = read_attr, .fn = fn, .data = data };
}

CRLOCK_EXPORT int crlock_monitor(struct crlock *crlock, const struct crlock_filter *filter, uint32_t events,
				 crlock_event_fn *fn, void *data)
{
	struct crlock_event_decoder *decoder;
	struct nlmsghdr *request;
	int err;

	err = crlock_begin(crlock);
	if (err)
		return err;
	if (!(crlock->info.features & CRLOCK_FEATURE_EVENTS))
		return crlock_fail(crlock, -EOPNOTSUPP, "the module cannot tell of events on this kernel");
	err = crlock_request_monitor(&request, crlock, filter, events);
	if (err)
		return err;
	decoder = malloc(sizeof(*decoder));
	if (!decoder) {
		err = -ENOMEM;
	} else {
		crlock_event_decoder_init(decoder, fn, data);
		err = crlock_call(crlock, request, &decoder->decoder);
	}
	free(request);
	if (err) {
		free(decoder);
		return err;
	}
	/* What had no room since then was not noticed. */
	decoder->missed = true;
	crlock->events = decoder;
	return 0;
}

static int unloaded(struct crlock *crlock)
{
	return crlock_fail(crlock, -ENOENT, "the module was unloaded");
}

/* What had no room may have been the module's last message. */
static int check_family(struct crlock *crlock)
{
	struct crlock_connection other;
	int err;

	crlock->events->missed = false;
	err = crlock_connect_controller(&other) ?: crlock_has_family(&other, crlock->connection.family);
	crlock_disconnect(&other);
	return err == -ENOENT ? unloaded(crlock) : err;
}

/* Returns: 0, -EAGAIN if all is read, or why no more is to be read. */
static int read_datagram(struct crlock *crlock)
{
	struct crlock_event_decoder *events = crlock->events;
	int err;

	err = crlock_take(&crlock->connection, crlock_read_message, events);
	if (err == -ENOBUFS) {
		events->missed = true;
		return 0;
	}
	if (!err && events->ended)
		return unloaded(crlock);
	if (err == -EAGAIN && events->missed)
		return check_family(crlock);
	return crlock_explain(crlock, err, &events->decoder);
}

CRLOCK_EXPORT int crlock_read_events(struct crlock *crlock)
{
	int err = 0, i;

	if (crlock->busy)
		return -EBUSY;
	if (!crlock->events)
		return crlock_fail(crlock, -EINVAL, "no events are sent to this handle");
	crlock->busy = true;
	for (i = 0; !err && i < DATAGRAMS_AT_ONCE; i++)
		err = read_datagram(crlock);
	crlock->busy = false;
	return err == -EAGAIN ? 0 : err;
}

CRLOCK_EXPORT uint64_t crlock_lost(const struct crlock *crlock)
{
	return crlock->events ? crlock->events->lost : 0;
}

CRLOCK_EXPORT int crlock_fd(const struct crlock *crlock)
{
	return crlock->connection.socket ? mnl_socket_get_fd(crlock->connection.socket) : -1;
}
