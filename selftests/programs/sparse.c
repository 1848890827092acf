// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sparse SIZE WRITTEN - Takes SIZE MiB of memory and writes to WRITTEN of them, two on and two off. Says
 * `ready`, waits for a file ./go, and says `all well` if what it has written is as it was and of the rest no page
 * is there.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096UL
/* Of a huge page: none reaches into what is not written to. */
#define CHUNK (2UL << 20)

static size_t size, written;
static uint64_t *memory;

static void must(const char *what, bool well)
{
	if (well)
		return;
	printf("%s failed\n", what);
	exit(1);
}

/* At a multiple of CHUNK. */
static void *take(void)
{
	char *start = mmap(NULL, size + CHUNK, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	must("mmap", start != MAP_FAILED);
	start = (char *)(((uintptr_t)start + CHUNK - 1) & ~(CHUNK - 1));
	must("mprotect", !mprotect(start, size, PROT_READ | PROT_WRITE));
	return start;
}

static bool is_written(size_t page)
{
	const size_t chunk = page * PAGE / CHUNK;

	return chunk % 2 == 0 && chunk * CHUNK < 2 * written;
}

/* Its first and last word, which are like no other page's. */
static void write_page(size_t page)
{
	uint64_t *start = memory + page * (PAGE / sizeof(*memory));

	start[0] = 0x9e3779b97f4a7c15 * (page + 1);
	start[PAGE / sizeof(*memory) - 1] = ~start[0];
}

static bool is_as_written(size_t page)
{
	const uint64_t *start = memory + page * (PAGE / sizeof(*memory)),
		       word = 0x9e3779b97f4a7c15 * (page + 1);

	return start[0] == word && start[1] == 0 && start[PAGE / sizeof(*memory) - 1] == ~word;
}

static void check(void)
{
	const size_t pages = size / PAGE;
	unsigned char *there = malloc(pages);

	must("malloc", there);
	must("mincore", !mincore(memory, size, there));
	for (size_t page = 0; page < pages; page++) {
		if (is_written(page))
			must("finding what was written", is_as_written(page));
		else
			must("finding nothing where nothing was", !(there[page] & 1));
	}
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	must("reading the command line", argc == 3);
	size = strtoul(argv[1], NULL, 10) << 20;
	written = strtoul(argv[2], NULL, 10) << 20;
	memory = take();
	for (size_t page = 0; page < size / PAGE; page++) {
		if (is_written(page))
			write_page(page);
	}
	check();
	puts("ready");
	while (access("go", F_OK))
		usleep(50000);
	check();
	puts("all well");
	return 0;
}
