// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>

#include "dump/signals.h"

/* How many signals are asked for at once. */
#define CHUNK 32

static int read_queue(struct dump_signals *signals, pid_t tid, bool shared)
{
	struct __ptrace_peeksiginfo_args args = {
		.flags = shared ? PTRACE_PEEKSIGINFO_SHARED : 0,
		.nr = CHUNK,
	};
	long got;

	do {
		void *larger = reallocarray(signals->infos, signals->nr + CHUNK, sizeof(*signals->infos));

		if (!larger)
			return dump_fail(-ENOMEM, tid, "pending signals");
		signals->infos = larger;
		args.off = signals->nr;
		got = ptrace(PTRACE_PEEKSIGINFO, tid, &args, signals->infos + signals->nr);
		if (got < 0)
			return dump_fail(-errno, tid, "pending signals");
		signals->nr += got;
		/* It may give less than there is. */
	} while (got > 0);
	return 0;
}

int signals_read(struct dump_thread *thread)
{
	if (ptrace(PTRACE_GETSIGMASK, thread->tid, sizeof(thread->blocked), &thread->blocked))
		return dump_fail(-errno, thread->tid, "mask of signals");
	return read_queue(&thread->signals, thread->tid, false);
}

int signals_read_shared(struct dump_process *process)
{
	return read_queue(&process->signals, process->threads[0].tid, true);
}

static Image__SiginfoEntry *pack_one(const uint8_t *info)
{
	Image__SiginfoEntry *message = malloc(sizeof(*message));

	if (!message)
		return NULL;
	image__siginfo_entry__init(message);
	message->siginfo.data = malloc(DUMP_SIGINFO_SIZE);
	if (message->siginfo.data) {
		memcpy(message->siginfo.data, info, DUMP_SIGINFO_SIZE);
		message->siginfo.len = DUMP_SIGINFO_SIZE;
	}
	return message;
}

Image__SignalQueueEntry *signals_pack(const struct dump_signals *signals)
{
	Image__SignalQueueEntry *message = malloc(sizeof(*message));

	if (!message)
		return NULL;
	image__signal_queue_entry__init(message);
	message->signals = calloc(signals->nr + 1, sizeof(*message->signals));
	for (size_t i = 0; message->signals && i < signals->nr; i++) {
		Image__SiginfoEntry *one = pack_one(signals->infos[i]);

		if (!one)
			break;
		message->signals[message->n_signals++] = one;
		if (!one->siginfo.data)
			break;
	}
	if (message->signals && message->n_signals == signals->nr &&
	    (!signals->nr || message->signals[signals->nr - 1]->siginfo.data))
		return message;
	protobuf_c_message_free_unpacked(&message->base, NULL);
	return NULL;
}

int actions_pack(const struct dump_process *process, Image__TaskCoreEntry *message)
{
	message->sigactions = calloc(CRLOCK_SIGNALS, sizeof(*message->sigactions));
	for (int i = 0; message->sigactions && i < CRLOCK_SIGNALS; i++) {
		const struct crlock_sigaction *action = &process->state.actions[i];
		Image__SaEntry *entry;

		/* The format leaves out the two that cannot be changed. */
		if (i + 1 == SIGKILL || i + 1 == SIGSTOP)
			continue;
		entry = malloc(sizeof(*entry));
		if (!entry)
			return -ENOMEM;
		image__sa_entry__init(entry);
		entry->sigaction = action->handler;
		entry->flags = action->flags;
		entry->restorer = action->restorer;
		entry->mask = action->mask;
		message->sigactions[message->n_sigactions++] = entry;
	}
	return message->sigactions ? 0 : -ENOMEM;
}
