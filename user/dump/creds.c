// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "dump/creds.h"

int creds_read(struct dump_thread *thread, int dir)
{
	int ret = proc_status_read(dir, &thread->status);

	if (ret)
		return dump_fail(ret, thread->tid, "status");
	ret = proc_groups_read(dir, &thread->groups);
	if (ret < 0)
		return dump_fail(ret, thread->tid, "groups");
	thread->nr_groups = ret;
	return 0;
}

/* Capabilities are two numbers of 32 bits, the lower one first. */
static bool pack_caps(uint64_t caps, size_t *nr, uint32_t **array)
{
	*array = calloc(2, sizeof(**array));
	if (!*array)
		return false;
	(*array)[0] = caps;
	(*array)[1] = caps >> 32;
	*nr = 2;
	return true;
}

static bool pack_groups(const struct dump_thread *thread, Image__CredsEntry *message)
{
	if (!thread->nr_groups)
		return true;
	message->groups = calloc(thread->nr_groups, sizeof(*message->groups));
	if (!message->groups)
		return false;
	for (size_t i = 0; i < thread->nr_groups; i++)
		message->groups[i] = thread->groups[i];
	message->n_groups = thread->nr_groups;
	return true;
}

Image__CredsEntry *creds_pack(const struct dump_thread *thread)
{
	const struct proc_status *status = &thread->status;
	Image__CredsEntry *message = malloc(sizeof(*message));

	if (!message)
		return NULL;
	image__creds_entry__init(message);
	message->uid = status->uid[0];
	message->euid = status->uid[1];
	message->suid = status->uid[2];
	message->fsuid = status->uid[3];
	message->gid = status->gid[0];
	message->egid = status->gid[1];
	message->sgid = status->gid[2];
	message->fsgid = status->gid[3];
	message->secbits = thread->task.securebits;
	if (pack_caps(status->cap_inh, &message->n_cap_inh, &message->cap_inh) &&
	    pack_caps(status->cap_prm, &message->n_cap_prm, &message->cap_prm) &&
	    pack_caps(status->cap_eff, &message->n_cap_eff, &message->cap_eff) &&
	    pack_caps(status->cap_bnd, &message->n_cap_bnd, &message->cap_bnd) &&
	    pack_caps(status->cap_amb, &message->n_cap_amb, &message->cap_amb) &&
	    pack_groups(thread, message))
		return message;
	protobuf_c_message_free_unpacked(&message->base, NULL);
	return NULL;
}
