/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages of memory: pages-ID.img, and pagemap-PID.img, which says where they belong.
 *
 * Readers take the pages of an image in the order of its map, which is that of addresses. So what was copied
 * while the process ran stays where it is only if nothing has come between since: new pages go to the end of
 * the file, and pages_straighten() brings them into order, when the process need not stand still any more.
 */
#ifndef DUMP_PAGES_H
#define DUMP_PAGES_H

#include "dump/process.h"
#include "image/directory.h"

/** runs_add - Appends pages; what continues the last run makes that longer. Returns: 0 or -ENOMEM. */
int runs_add(struct dump_runs *runs, uint64_t start, uint64_t nr, uint64_t at);

/** pages_open - Makes a new pages-ID.img. @pages: ended with pages_close(). Returns: 0 or an error. */
int pages_open(struct dump_pages *pages, struct image_directory *directory, const struct image_error *error);

/** pages_free - Closes the image and frees what it owns. Returns: 0 or a negative errno value. */
int pages_free(struct dump_pages *pages);

/** pages_close - The same, and says what is wrong. @ret: of what went before. Returns: @ret or an error. */
int pages_close(struct dump_pages *pages, int ret, const struct image_directory *directory,
		const struct image_error *error);

/** pages_write_map - Writes the map, NAME, of pages that are in order. Returns: 0 or an error. */
int pages_write_map(const struct dump_pages *pages, const char *name, struct image_directory *directory,
		    const struct image_error *error);

/** struct pages_count - How many pages there were, for the statistics. */
struct pages_count {
	uint64_t scanned, written;
};

/**
 * pages_copy - Copies the private memory of a stopped process.
 * @process: its pages may hold what pages_copy_running() copied
 *
 * Returns: 0 or a negative errno value.
 */
int pages_copy(struct dump_process *process, struct image_directory *directory, struct pages_count *count,
	       const struct image_error *error);

/**
 * pages_copy_running - Copies the private memory of a process that runs, and has writes to it noticed.
 * @pages: just opened
 *
 * What is written from now on pages_copy() copies again, and what cannot be read now, and after an error all. A
 * second call would not do: what is written between asking which pages were, and having it noticed anew, would be
 * lost.
 *
 * Returns: 0 or a negative errno value.
 */
int pages_copy_running(pid_t pid, struct dump_pages *pages, struct pages_count *count);

/** pages_estimate - About how many bytes the private memory of a process has; 0: unknown. */
uint64_t pages_estimate(pid_t pid);

/** pages_straighten - Brings pages into the order of addresses. Returns: 0 or a negative errno value. */
int pages_straighten(struct dump_pages *pages, struct image_directory *directory,
		     const struct image_error *error);

#endif
