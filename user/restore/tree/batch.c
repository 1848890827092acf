// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "restore/tree/batch.h"

/* In the scratch memory: the calls, then their arguments. */
static unsigned long data_at(const struct batch *batch)
{
	return batch->puppet->scratch + sizeof(batch->calls);
}

void batch_begin(struct batch *batch, struct puppet *puppet)
{
	batch->puppet = puppet;
	batch->nr = batch->used = 0;
	batch->overflow = false;
}

unsigned long batch_give(struct batch *batch, const void *data, size_t size)
{
	unsigned long at = data_at(batch) + batch->used;

	if (size > sizeof(batch->data) - batch->used) {
		batch->overflow = true;
		return at;
	}
	/* Of nothing there may be no address. */
	if (size)
		memcpy(batch->data + batch->used, data, size);
	/* What follows is aligned for every type. */
	batch->used += (size + 15) & ~(size_t)15;
	if (batch->used > sizeof(batch->data))
		batch->used = sizeof(batch->data);
	return at;
}

void batch_call_array(struct batch *batch, const char *what, long nr, const unsigned long args[6])
{
	struct trace_arch_batched *call = &batch->calls[batch->nr];

	if (batch->nr == BATCH_CALLS) {
		batch->overflow = true;
		return;
	}
	batch->what[batch->nr++] = what;
	call->nr = nr;
	for (int i = 0; i < 6; i++)
		call->args[i] = args[i];
	call->result = -ENOSYS;
}

static int make_calls(struct batch *batch)
{
	struct puppet *puppet = batch->puppet;
	size_t size = batch->nr * sizeof(*batch->calls);
	int ret;

	if (batch->overflow)
		return -E2BIG;
	ret = batch->used ? puppet_write(puppet, data_at(batch), batch->data, batch->used) : 0;
	ret = ret ? ret : puppet_write(puppet, puppet->scratch, batch->calls, size);
	ret = ret ? ret : puppet_run_batch(puppet, puppet->scratch, batch->nr);
	return ret ? ret : puppet_read(puppet, puppet->scratch, batch->calls, size);
}

int batch_run(struct batch *batch, const char **failed)
{
	int ret = batch->nr || batch->overflow ? make_calls(batch) : 0;

	*failed = NULL;
	for (size_t i = 0; !ret && i < batch->nr; i++) {
		if (batch->what[i] && batch->calls[i].result < 0) {
			ret = batch->calls[i].result;
			*failed = batch->what[i];
		}
	}
	batch->nr = batch->used = 0;
	batch->overflow = false;
	return ret;
}
