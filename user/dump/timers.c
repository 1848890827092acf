// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "dump/timers.h"

#define NS_PER_S  1000000000LL
#define NS_PER_US 1000LL

void timers_check(const struct dump_process *process, struct blockers *blockers)
{
	for (size_t i = 0; i < process->state.nr_timers; i++) {
		const struct crlock_timer *timer = &process->state.timers[i];

		if (timer->flags & CRLOCK_TIMER_ELSEWHERE)
			block(blockers, "%d: timer %d counts the CPU time of another process", process->pid,
			      timer->id);
	}
}

/* Microseconds, rounded up: a timer that is armed is not to become one that is not. */
static void split(int64_t ns, uint64_t *seconds, uint64_t *microseconds)
{
	int64_t us = (ns + NS_PER_US - 1) / NS_PER_US;

	*seconds = us / (NS_PER_S / NS_PER_US);
	*microseconds = us % (NS_PER_S / NS_PER_US);
}

static Image__ItimerEntry *pack_itimer(int64_t value, int64_t interval)
{
	Image__ItimerEntry *message = malloc(sizeof(*message));

	if (!message)
		return NULL;
	image__itimer_entry__init(message);
	/* One that has gone off starts again when its signal, which waits, is taken: that is about to be. */
	split(value ? value : interval, &message->vsec, &message->vusec);
	split(interval, &message->isec, &message->iusec);
	return message;
}

static Image__PosixTimerEntry *pack_timer(const struct crlock_timer *timer)
{
	Image__PosixTimerEntry *message = malloc(sizeof(*message));

	if (!message)
		return NULL;
	image__posix_timer_entry__init(message);
	message->it_id = timer->id;
	message->clock_id = timer->clock;
	message->si_signo = timer->signum;
	message->it_sigev_notify = timer->notify;
	message->sival_ptr = timer->sigval;
	message->overrun = timer->overrun;
	message->vsec = timer->value_ns / NS_PER_S;
	message->vnsec = timer->value_ns % NS_PER_S;
	message->isec = timer->interval_ns / NS_PER_S;
	message->insec = timer->interval_ns % NS_PER_S;
	message->has_notify_thread_id = timer->notify_tid != 0;
	message->notify_thread_id = timer->notify_tid;
	return message;
}

Image__TaskTimersEntry *timers_pack(const struct dump_process *process)
{
	const struct crlock_process *from = &process->state.process;
	Image__TaskTimersEntry *message = malloc(sizeof(*message));
	size_t nr = process->state.nr_timers;

	if (!message)
		return NULL;
	image__task_timers_entry__init(message);
	message->real = pack_itimer(from->itimer_real_ns, from->itimer_real_interval_ns);
	message->virt = pack_itimer(from->itimer_virtual_ns, from->itimer_virtual_interval_ns);
	message->prof = pack_itimer(from->itimer_prof_ns, from->itimer_prof_interval_ns);
	message->posix = calloc(nr + 1, sizeof(*message->posix));
	for (size_t i = 0; message->posix && i < nr; i++) {
		message->posix[i] = pack_timer(&process->state.timers[i]);
		message->n_posix += message->posix[i] != NULL;
	}
	if (message->real && message->virt && message->prof && message->n_posix == nr)
		return message;
	protobuf_c_message_free_unpacked(&message->base, NULL);
	return NULL;
}
