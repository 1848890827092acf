// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is checkpointed to see how long that takes.
 *
 *   target memory MIB [PERCENT]   MIB of anonymous memory, each page different; a thread writes to PERCENT of
 *                                 its pages again and again
 *   target threads NR             NR threads that sleep
 *   target descriptors NR         NR descriptors of as many files, in the working directory
 *
 * Writes "ready" to standard output when all is there, and stays.
 */
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096UL

struct area {
	uint8_t *start;
	size_t nr_pages;
	unsigned int percent;
};

/* Every hundredth page a hundred times a second, and its neighbours if more are asked for. */
static void *write_again(void *data)
{
	const struct area *area = data;
	const struct timespec pause = { .tv_nsec = 10000000 };

	for (uint64_t n = 1;; n++) {
		for (size_t page = 0; page < area->nr_pages; page++)
			if (page % 100 < area->percent)
				memcpy(area->start + page * PAGE, &n, sizeof(n));
		nanosleep(&pause, NULL);
	}
	return NULL;
}

static void *sleep_on(void *data)
{
	for (;;)
		pause();
	return NULL;
}

static void start_thread(void *(*fn)(void *), void *data)
{
	pthread_attr_t attr;
	pthread_t thread;
	int ret;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	ret = pthread_create(&thread, &attr, fn, data);
	if (ret)
		errx(1, "pthread_create: %s", strerror(ret));
	pthread_attr_destroy(&attr);
}

static void take_memory(size_t mib, unsigned int percent)
{
	static struct area area;

	area.nr_pages = (mib << 20) / PAGE;
	area.percent = percent;
	area.start = mmap(NULL, mib << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area.start == MAP_FAILED)
		err(1, "%zu MiB", mib);
	for (size_t page = 0; page < area.nr_pages; page++)
		for (size_t i = 0; i < PAGE; i += sizeof(uint64_t))
			*(uint64_t *)(area.start + page * PAGE + i) = page * 0x9e3779b97f4a7c15 + i;
	if (percent)
		start_thread(write_again, &area);
}

static void take_threads(size_t nr)
{
	for (size_t i = 1; i < nr; i++)
		start_thread(sleep_on, NULL);
}

static void take_descriptors(size_t nr)
{
	struct rlimit limit = { nr + 64, nr + 64 };
	char name[32];

	if (setrlimit(RLIMIT_NOFILE, &limit))
		err(1, "RLIMIT_NOFILE");
	for (size_t i = 0; i < nr; i++) {
		snprintf(name, sizeof(name), "file-%zu", i);
		if (open(name, O_RDWR | O_CREAT, 0600) < 0)
			err(1, "%s", name);
	}
}

int main(int argc, char **argv)
{
	size_t nr = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;

	if (argc < 3 || argc > 4 || !nr)
		errx(2, "usage: target memory|threads|descriptors NR [PERCENT]");
	if (!strcmp(argv[1], "memory"))
		take_memory(nr, argc > 3 ? atoi(argv[3]) : 0);
	else if (!strcmp(argv[1], "threads"))
		take_threads(nr);
	else if (!strcmp(argv[1], "descriptors"))
		take_descriptors(nr);
	else
		errx(2, "%s: no such target", argv[1]);
	if (write(STDOUT_FILENO, "ready\n", 6) != 6)
		err(1, "standard output");
	/* What is checkpointed has no pipe to who started it; standard input is /dev/null. */
	if (dup2(STDIN_FILENO, STDOUT_FILENO) < 0)
		err(1, "standard output");
	for (;;)
		pause();
}
