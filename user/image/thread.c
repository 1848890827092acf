// SPDX-License-Identifier: GPL-2.0-or-later
#include <signal.h>

#include "image/thread.h"

bool thread_start(pthread_t *thread, void *(*work)(void *), void *data)
{
	sigset_t all, before;
	bool started;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	started = !pthread_create(thread, NULL, work, data);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}
