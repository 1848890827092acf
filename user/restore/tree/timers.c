// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "restore/tree/batch.h"
#include "restore/tree/timers.h"

/* Ids go up by one, and to reach a large one takes long. */
#define TIMER_IDS_MAX (1U << 22)

/* SIGEV_NONE of the kernel's asm-generic/siginfo.h, whose names libc's headers take. */
#define NOTIFY_NOBODY 1

/* As sigevent_t of the kernel, without libc's names. */
struct kernel_sigevent {
	uint64_t value;
	int32_t signo;
	int32_t notify;
	int32_t tid;
	char pad[44];
};

static int fail(const struct image_error *error, pid_t pid, long ret, const char *what)
{
	char name[32];

	snprintf(name, sizeof(name), "%d", pid);
	return image_error(error, ret, name, "%s: %s", what, strerror(-ret));
}

static long set_interval(struct puppet *leader, int which, const Image__ItimerEntry *entry)
{
	struct itimerval value = {
		.it_interval = { entry->isec, entry->iusec },
		.it_value = { entry->vsec, entry->vusec },
	};
	unsigned long at;

	/* Its signal waits, and only who takes that starts it again: what the kernel would not hear of. */
	if (!entry->vsec && !entry->vusec)
		value.it_value = value.it_interval;
	if (!value.it_value.tv_sec && !value.it_value.tv_usec)
		return 0;
	at = puppet_give(leader, &value, sizeof(value));
	return at ? puppet_call(leader, SYS_setitimer, which, at, 0) : -EFAULT;
}

/* Ids that are not wanted are given and taken back, each once. @next: the next one, @id: that is wanted */
static int skip_ids(struct puppet *leader, const Image__PosixTimerEntry *entry, uint32_t next, uint32_t id)
{
	const struct kernel_sigevent nothing = { .notify = NOTIFY_NOBODY };
	const uint32_t none = 0;
	struct batch batch;
	const char *failed;
	int ret = 0;

	while (next < id && !ret) {
		unsigned long event, got;

		batch_begin(&batch, leader);
		event = batch_give(&batch, &nothing, sizeof(nothing));
		got = batch_give(&batch, &none, sizeof(none));
		for (size_t i = 0; i < BATCH_CALLS / 2 && next < id; i++, next++) {
			batch_call(&batch, "timer_create", SYS_timer_create, entry->clock_id, event, got);
			batch_call(&batch, "timer_delete", SYS_timer_delete, next);
		}
		ret = batch_run(&batch, &failed);
	}
	return ret;
}

/* @next: the id that the next timer gets */
static long create(struct puppet *leader, const Image__PosixTimerEntry *entry, uint32_t next)
{
	struct {
		struct kernel_sigevent event;
		int32_t id;
	} arguments = {
		.event = {
			.value = entry->sival_ptr,
			.signo = entry->si_signo,
			.notify = entry->it_sigev_notify,
			.tid = entry->has_notify_thread_id ? entry->notify_thread_id : 0,
		},
	};
	unsigned long at = leader->scratch;
	long ret = skip_ids(leader, entry, next, entry->it_id);

	if (ret)
		return ret;
	if (puppet_write(leader, at, &arguments, sizeof(arguments)))
		return -EFAULT;
	ret = puppet_call(leader, SYS_timer_create, entry->clock_id, at,
			  at + offsetof(typeof(arguments), id));
	if (ret < 0)
		return ret;
	if (puppet_read(leader, at, &arguments, sizeof(arguments)))
		return -EFAULT;
	return (uint32_t)arguments.id == entry->it_id ? 0 : -EEXIST;
}

static long restore_posix(struct puppet *leader, const Image__PosixTimerEntry *entry, uint32_t next)
{
	struct itimerspec value = {
		.it_interval = { entry->isec, entry->insec },
		.it_value = { entry->vsec, entry->vnsec },
	};
	unsigned long at;
	long ret;

	ret = create(leader, entry, next);
	if (ret || (!entry->vsec && !entry->vnsec))
		return ret;
	at = puppet_give(leader, &value, sizeof(value));
	return at ? puppet_call(leader, SYS_timer_settime, entry->it_id, 0, at, 0) : -EFAULT;
}

static int compare_timers(const void *a, const void *b)
{
	const Image__PosixTimerEntry *x = *(Image__PosixTimerEntry *const *)a;
	const Image__PosixTimerEntry *y = *(Image__PosixTimerEntry *const *)b;

	return (x->it_id > y->it_id) - (x->it_id < y->it_id);
}

int timers_check(const struct saved_tree *tree, const char *path, const struct image_error *error)
{
	uint64_t nr = 0;

	for (size_t i = 0; i < tree->nr; i++) {
		const Image__TaskTimersEntry *timers = saved_task(&tree->processes[i])->timers;
		uint32_t last = 0;

		for (size_t j = 0; timers && j < timers->n_posix; j++)
			last = timers->posix[j]->it_id > last ? timers->posix[j]->it_id : last;
		nr += last;
		if (nr > TIMER_IDS_MAX)
			return image_error(error, -EBADMSG, path, "core-%d.img: timer %u has too large an id",
					   tree->processes[i].pid, last);
	}
	return 0;
}

int timers_restore(struct puppet *leader, const struct saved_process *process,
		   const struct image_error *error)
{
	const Image__TaskTimersEntry *timers = saved_task(process)->timers;
	long ret = 0;

	if (!timers)
		return 0;
	qsort(timers->posix, timers->n_posix, sizeof(*timers->posix), compare_timers);
	for (size_t i = 0; i < timers->n_posix && !ret; i++)
		ret = restore_posix(leader, timers->posix[i], i ? timers->posix[i - 1]->it_id + 1 : 0);
	if (ret < 0)
		return fail(error, process->pid, ret, "its POSIX timers");
	ret = set_interval(leader, ITIMER_REAL, timers->real);
	ret = ret ? ret : set_interval(leader, ITIMER_VIRTUAL, timers->virt);
	ret = ret ? ret : set_interval(leader, ITIMER_PROF, timers->prof);
	return ret < 0 ? fail(error, process->pid, ret, "its interval timers") : 0;
}
