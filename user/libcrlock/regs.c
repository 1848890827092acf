// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * CRLOCK_CMD_REGS_GET: registers of one thread, or of all threads of a process.
 */
#include <errno.h>
#include <stdlib.h>

#include "export.h"
#include "handle.h"
#include "regs.h"
#include "request.h"

static int grow(struct crlock_thread_decoder *threads)
{
	size_t room = threads->room ? 2 * threads->room : 16;
	struct crlock_regset *sets = reallocarray(threads->sets, room, sizeof(*sets));

	if (!sets)
		return -ENOMEM;
	threads->sets = sets;
	threads->room = room;
	return 0;
}

/* The set is the one that comes next in the array. */
static int read_set_attr(struct crlock_decoder *decoder, const struct crlock_attr *attr)
{
	struct crlock_thread_decoder *threads = (struct crlock_thread_decoder *)decoder;
	struct crlock_regset *set = &threads->sets[threads->nr_sets];

	switch (attr->type) {
	case CRLOCK_A_REGSET_NOTE:
		return crlock_decode_u32(decoder, attr, &set->note);
	case CRLOCK_A_REGSET_DATA:
		set->data = attr->payload;
		set->size = attr->len;
		return 0;
	default:
		return 0;
	}
}

static int read_set(struct crlock_thread_decoder *threads, const struct crlock_attr *nest)
{
	struct crlock_regset *set;
	int err;

	err = threads->nr_sets < threads->room ? 0 : grow(threads);
	if (err)
		return err;
	set = &threads->sets[threads->nr_sets];
	*set = (struct crlock_regset){};
	err = crlock_decode_nest(&threads->decoder, nest, read_set_attr);
	if (err)
		return err;
	if (!set->note || !set->data)
		return crlock_decode_flaw(&threads->decoder, "a register set is incomplete");
	threads->nr_sets++;
	return 0;
}

static int read_attr(struct crlock_decoder *decoder, const struct crlock_attr *attr)
{
	struct crlock_thread_decoder *threads = (struct crlock_thread_decoder *)decoder;
	const size_t least = CRLOCK_SIZE_UP_TO(struct crlock_thread, error);

	switch (attr->type) {
	case CRLOCK_A_THREAD:
		threads->found = true;
		return crlock_decode_row(decoder, attr, &threads->thread, sizeof(threads->thread), least);
	case CRLOCK_A_REGSET:
		return read_set(threads, attr);
	default:
		return 0;
	}
}

static int read_end(struct crlock_decoder *decoder)
{
	struct crlock_thread_decoder *threads = (struct crlock_thread_decoder *)decoder;
	size_t nr_sets = threads->nr_sets;
	bool found = threads->found;

	threads->nr_sets = 0;
	threads->found = false;
	if (!found)
		return nr_sets ? crlock_decode_flaw(decoder, "register sets of no thread") : 0;
	return threads->fn(&threads->thread, threads->sets, nr_sets, threads->data);
}

/** crlock_thread_decoder_init - Makes a decoder, to be freed with crlock_thread_decoder_free(). */
void crlock_thread_decoder_init(struct crlock_thread_decoder *threads, crlock_thread_fn *fn, void *data)
{
	*threads = (struct crlock_thread_decoder){
		.decoder = { .attr = read_attr, .end = read_end },
		.fn = fn,
		.data = data,
	};
}

/** crlock_thread_decoder_free - Frees what a decoder owns. */
void crlock_thread_decoder_free(struct crlock_thread_decoder *threads)
{
	free(threads->sets);
}

static int get_regs(struct crlock *crlock, uint16_t flags, uint16_t type, pid_t pid, crlock_thread_fn *fn,
		    void *data)
{
	struct crlock_thread_decoder threads;
	struct nlmsghdr *request;
	int err;

	err = crlock_begin(crlock) ?: crlock_request_regs_get(&request, crlock, flags, type, pid);
	if (err)
		return err;
	crlock_thread_decoder_init(&threads, fn, data);
	err = crlock_call(crlock, request, &threads.decoder);
	crlock_thread_decoder_free(&threads);
	free(request);
	return err;
}

CRLOCK_EXPORT int crlock_thread_regs(struct crlock *crlock, pid_t tid, crlock_thread_fn *fn, void *data)
{
	return get_regs(crlock, NLM_F_ACK, CRLOCK_A_TID, tid, fn, data);
}

CRLOCK_EXPORT int crlock_each_thread(struct crlock *crlock, pid_t tgid, crlock_thread_fn *fn, void *data)
{
	return get_regs(crlock, NLM_F_DUMP, CRLOCK_A_TGID, tgid, fn, data);
}
