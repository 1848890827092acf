// SPDX-License-Identifier: GPL-2.0-or-later
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fuzz/fuzz.h"

void fuzz_directory(char *path, size_t size)
{
	const char *room = getenv("CRLOCK_FUZZ_ROOM");

	if (!room || snprintf(path, size, "%s/fuzz.XXXXXX", room) >= (int)size || !mkdtemp(path))
		abort();
}

void fuzz_judge(int ret, const char *why)
{
	if (ret < 0 && (!*why || strchr(why, '\n')))
		abort();
}

/* At SIGUSR1 libFuzzer ends and says what it did. It counts time as it passes, and others may have had the processors. */
static void __attribute__((constructor)) limit_time(void)
{
	const char *minutes = getenv("CRLOCK_FUZZ_CPU_MINUTES");
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec when = { 0 };
	timer_t timer;

	if (!minutes)
		return;
	when.it_value.tv_sec = (time_t)(atof(minutes) * 60);
	if (timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer) || timer_settime(timer, 0, &when, NULL))
		abort();
}
