// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dump/schedule.h"

/* sched_getattr(2): libc has no words for it. */
struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

#define POLICY_DEADLINE 6
#define WHO_PROCESS	1 /* of ioprio_get(2) */
#define AFFINITY_MAX	(8192 / 8)

static int read_affinity(struct dump_thread *thread)
{
	struct dump_schedule *schedule = &thread->schedule;
	uint8_t mask[AFFINITY_MAX];
	long size = syscall(SYS_sched_getaffinity, thread->tid, sizeof(mask), mask);

	if (size < 0)
		return dump_fail(-errno, thread->tid, "affinity");
	schedule->affinity = malloc(size + 1);
	if (!schedule->affinity)
		return -ENOMEM;
	memcpy(schedule->affinity, mask, size);
	schedule->affinity_size = size;
	return 0;
}

int schedule_read(struct dump_thread *thread, struct blockers *blockers)
{
	struct dump_schedule *schedule = &thread->schedule;
	struct attributes attributes = { 0 };
	long ioprio;

	if (syscall(SYS_sched_getattr, thread->tid, &attributes, sizeof(attributes), 0))
		return dump_fail(-errno, thread->tid, "scheduling policy");
	if (attributes.policy == POLICY_DEADLINE)
		block(blockers, "%d: runs with SCHED_DEADLINE (chrt -o -p 0 %d changes it)", thread->tid,
		      thread->tid);
	schedule->policy = attributes.policy;
	schedule->priority = attributes.priority;
	schedule->nice = attributes.nice;
	schedule->flags = attributes.flags;
	ioprio = syscall(SYS_ioprio_get, WHO_PROCESS, thread->tid);
	if (ioprio < 0)
		return dump_fail(-errno, thread->tid, "I/O priority");
	schedule->ioprio = ioprio;
	return read_affinity(thread);
}

int schedule_pack(const struct dump_thread *thread, Image__ThreadCoreEntry *message)
{
	const struct dump_schedule *schedule = &thread->schedule;

	message->has_sched_policy = true;
	message->sched_policy = schedule->policy;
	message->has_sched_nice = schedule->policy != SCHED_FIFO && schedule->policy != SCHED_RR;
	message->sched_nice = schedule->nice;
	message->has_sched_prio = !message->has_sched_nice;
	message->sched_prio = schedule->priority;
	message->has_sched_flags = true;
	message->sched_flags = schedule->flags;
	message->has_ioprio = true;
	message->ioprio = schedule->ioprio;
	message->affinity.data = malloc(schedule->affinity_size + 1);
	if (!message->affinity.data)
		return -ENOMEM;
	memcpy(message->affinity.data, schedule->affinity, schedule->affinity_size);
	message->affinity.len = schedule->affinity_size;
	message->has_affinity = true;
	return 0;
}
