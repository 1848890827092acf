// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dump/busy.h"
#include "dump/copier.h"
#include "dump/mappings.h"
#include "dump/pages.h"
#include "image/container.h"
#include "image/magic.h"
#include "image/progress.h"
#include "locks/append.h"
#include "pagemap.pb-c.h"
#include "procfs/file.h"
#include "procfs/holes.h"
#include "procfs/maps.h"
#include "procfs/pagemap.h"

/* Runs --------------------------------------------------------------------------------------------- */

int runs_add(struct dump_runs *runs, uint64_t start, uint64_t nr, uint64_t at)
{
	struct dump_run *last = runs->nr ? &runs->runs[runs->nr - 1] : NULL;

	if (last && last->start + last->nr * PROC_PAGE_SIZE == start && last->at + last->nr == at) {
		last->nr += nr;
		return 0;
	}
	return append(runs->runs, runs->nr, ((struct dump_run){ start, nr, at }));
}

/* Takes pages out of runs; both are by address. Returns: 0 or -ENOMEM. */
static int leave_out(struct dump_runs *runs, const struct dump_runs *missed)
{
	struct dump_runs left = { 0 };
	size_t next = 0;
	int ret = 0;

	for (size_t i = 0; !ret && i < runs->nr; i++) {
		const struct dump_run *run = &runs->runs[i];
		uint64_t start = run->start, end = start + run->nr * PROC_PAGE_SIZE;

		while (!ret && start < end) {
			const struct dump_run *gap = next < missed->nr ? &missed->runs[next] : NULL;
			uint64_t gap_end = gap ? gap->start + gap->nr * PROC_PAGE_SIZE : 0;
			uint64_t stop = gap && gap->start < end ? gap->start : end;

			if (gap && gap_end <= start) {
				next++;
			} else if (stop <= start) {
				start = gap_end < end ? gap_end : end;
			} else {
				ret = runs_add(&left, start, (stop - start) / PROC_PAGE_SIZE,
					       run->at + (start - run->start) / PROC_PAGE_SIZE);
				start = stop;
			}
		}
	}
	free(runs->runs);
	*runs = left;
	return ret;
}

static bool in_order(const struct dump_pages *pages)
{
	uint64_t at = 0;

	for (size_t i = 0; i < pages->runs.nr; i++) {
		if (pages->runs.runs[i].at != at)
			return false;
		at += pages->runs.runs[i].nr;
	}
	return at == pages->end;
}

/* Files -------------------------------------------------------------------------------------------- */

int pages_open(struct dump_pages *pages, struct image_directory *directory, const struct image_error *error)
{
	char name[32];

	*pages = (struct dump_pages){ .id = ++directory->nr_pages };
	snprintf(name, sizeof(name), "pages-%" PRIu32 ".img", pages->id);
	return image_file_create(directory, name, &pages->file, error);
}

int pages_free(struct dump_pages *pages)
{
	int ret = image_file_close(pages->file);

	free(pages->runs.runs);
	*pages = (struct dump_pages){ 0 };
	return ret;
}

int pages_close(struct dump_pages *pages, int ret, const struct image_directory *directory,
		const struct image_error *error)
{
	uint32_t id = pages->id;
	int closed = pages_free(pages);

	return ret || !closed ? ret
			      : image_error(error, closed, directory->path, "pages-%" PRIu32 ".img: %s", id,
					    strerror(-closed));
}

int pages_write_map(const struct dump_pages *pages, const char *name, struct image_directory *directory,
		    const struct image_error *error)
{
	Image__PagemapHead head = IMAGE__PAGEMAP_HEAD__INIT;
	const uint32_t present = 4;
	struct image_writer writer;
	int ret = image_writer_open(&writer, directory, name, IMAGE_MAGIC_PAGEMAP, error);

	if (ret)
		return ret;
	head.pages_id = pages->id;
	ret = image_write(&writer, &head.base, error);
	for (size_t i = 0; !ret && i < pages->runs.nr; i++) {
		Image__PagemapEntry entry = IMAGE__PAGEMAP_ENTRY__INIT;

		entry.vaddr = pages->runs.runs[i].start;
		entry.compat_nr_pages = pages->runs.runs[i].nr;
		entry.has_flags = true;
		entry.flags = present;
		ret = image_write(&writer, &entry.base, error);
	}
	return image_writer_close(&writer, ret, error);
}

uint64_t pages_estimate(pid_t pid)
{
	unsigned long long resident, shared;
	int dir = proc_open(pid);
	uint64_t size = 0;
	char text[256];

	if (dir < 0)
		return 0;
	if (proc_read(dir, "statm", text, sizeof(text)) > 0 &&
	    sscanf(text, "%*u %llu %llu", &resident, &shared) == 2 && resident > shared)
		size = (resident - shared) * PROC_PAGE_SIZE;
	close(dir);
	return size;
}

/* Order -------------------------------------------------------------------------------------------- */

static int move_in_order(const struct dump_pages *from, struct image_file *to)
{
	uint64_t at = 0;
	int ret = 0;

	for (size_t i = 0; !ret && i < from->runs.nr; i++) {
		const struct dump_run *run = &from->runs.runs[i];

		ret = image_file_move(to, at * PROC_PAGE_SIZE, from->file, run->at * PROC_PAGE_SIZE,
				      run->nr * PROC_PAGE_SIZE);
		at += run->nr;
	}
	return ret;
}

static void renumber(struct dump_pages *pages)
{
	pages->end = 0;
	for (size_t i = 0; i < pages->runs.nr; i++) {
		pages->runs.runs[i].at = pages->end;
		pages->end += pages->runs.runs[i].nr;
	}
}

int pages_straighten(struct dump_pages *pages, struct image_directory *directory,
		     const struct image_error *error)
{
	struct image_file *file;
	char name[32];
	int ret;

	if (!pages->file || in_order(pages))
		return 0;
	snprintf(name, sizeof(name), "pages-%" PRIu32 ".new", pages->id);
	ret = image_file_create(directory, name, &file, error);
	if (ret)
		return ret;
	progress_begin("putting memory in order", pages->end * PROC_PAGE_SIZE);
	ret = move_in_order(pages, file);
	progress_end();
	if (ret) {
		image_error(error, ret, directory->path, "%s: %s", name, strerror(-ret));
		image_file_close(file);
		return ret;
	}
	ret = image_file_replace(file, pages->file, error);
	pages->file = file;
	renumber(pages);
	return ret;
}

/* Copying ------------------------------------------------------------------------------------------ */

/* Entries of pages that are looked at together. */
#define CHUNK 8192

/* Pages of a huge page that a page table entry of one level more maps. */
#define HUGE_PAGES 512

struct copying {
	struct copier *copier;
	struct dump_pages *pages;
	struct dump_runs before; /* that were there */
	struct dump_runs missed; /* that could not be read while the process runs */
	size_t cursor; /* in @before: what is passed is of lower addresses */
	struct pages_count *count;
	int pagemap;
	struct proc_holes holes;
	uint64_t zero, huge_zero; /* frames; 0: not known */
	int frames; /* to find the latter; -1: that does not matter */
	uint64_t entries[CHUNK];
};

static bool is_zero(const struct copying *copying, uint64_t entry)
{
	uint64_t frame = entry & PROC_PAGE_FRAME;

	return frame &&
	       (frame == copying->zero || (copying->huge_zero && frame - copying->huge_zero < HUGE_PAGES));
}

static bool is_wanted(const struct copying *copying, uint64_t entry)
{
	if (entry & PROC_PAGE_FILE || !(entry & (PROC_PAGE_PRESENT | PROC_PAGE_SWAPPED)))
		return false;
	/* Of swapped pages the same bits say where. */
	return entry & PROC_PAGE_SWAPPED || !is_zero(copying, entry);
}

/*
 * Memory that was copied, given back and then read is mapped to frames of zeros, and is as clean as if nothing had
 * been. The huge one of them can be another each time that no process has it. It fills the place of a huge page.
 *
 * Returns: 0 or a negative errno value.
 */
static int find_huge_zero(struct copying *copying, uint64_t start, size_t nr)
{
	size_t first = -(start / PROC_PAGE_SIZE) % HUGE_PAGES;

	for (size_t i = first; i < nr && copying->frames >= 0 && !copying->huge_zero; i += HUGE_PAGES) {
		uint64_t entry = copying->entries[i], frame = entry & PROC_PAGE_FRAME;
		int ret;

		if (!(entry & PROC_PAGE_PRESENT) || entry & (PROC_PAGE_FILE | PROC_PAGE_SOFT_DIRTY) ||
		    frame % HUGE_PAGES)
			continue;
		ret = proc_frame_is_zero(copying->frames, frame);
		if (ret < 0)
			return ret;
		if (ret && frame != copying->zero)
			copying->huge_zero = frame;
	}
	return 0;
}

/* Takes in pages of which all are dirty, or none; where they were copied before they stay. */
static int take_pages(struct copying *copying, uint64_t start, uint64_t nr, bool dirty)
{
	int ret = 0;

	while (nr && !ret) {
		const struct dump_run *old = NULL;
		uint64_t n = nr, at = copying->pages->end;
		bool copy = true;

		while (copying->cursor < copying->before.nr) {
			old = &copying->before.runs[copying->cursor];
			if (old->start + old->nr * PROC_PAGE_SIZE > start)
				break;
			copying->cursor++;
			old = NULL;
		}
		if (old && old->start <= start) {
			uint64_t skip = (start - old->start) / PROC_PAGE_SIZE;

			n = old->nr - skip < nr ? old->nr - skip : nr;
			at = old->at + skip;
			copy = dirty;
		} else {
			if (old && (old->start - start) / PROC_PAGE_SIZE < nr)
				n = (old->start - start) / PROC_PAGE_SIZE;
			copying->pages->end += n;
		}
		ret = runs_add(&copying->pages->runs, start, n, at);
		if (copy && !ret) {
			ret = copier_add(copying->copier, start, n, at);
			copying->count->written += n;
		}
		start += n * PROC_PAGE_SIZE;
		nr -= n;
	}
	return ret;
}

/* Pages of which @nr entries were read. @all: also pages of files, whether they are there or not. */
static int copy_pages(struct copying *copying, uint64_t start, size_t nr, bool all)
{
	int ret = 0;

	for (size_t i = 0; i < nr && !ret;) {
		bool wanted = all || is_wanted(copying, copying->entries[i]);
		bool dirty = all || copying->entries[i] & PROC_PAGE_SOFT_DIRTY;
		size_t first = i;

		for (i++; i < nr; i++) {
			uint64_t entry = copying->entries[i];

			if ((all || is_wanted(copying, entry)) != wanted ||
			    (wanted && !all && !(entry & PROC_PAGE_SOFT_DIRTY) == dirty))
				break;
		}
		if (wanted)
			ret = take_pages(copying, start + first * PROC_PAGE_SIZE, i - first, dirty);
	}
	copying->count->scanned += nr;
	return ret;
}

static int copy_range(struct copying *copying, uint64_t start, uint64_t end, bool all)
{
	ssize_t got;
	size_t nr;
	int ret;

	while (true) {
		if (!all)
			start = proc_holes_skip(&copying->holes, start, end);
		nr = (end - start) / PROC_PAGE_SIZE;
		if (!nr)
			return 0;
		got = proc_pagemap_read(copying->pagemap, start, copying->entries, nr < CHUNK ? nr : CHUNK);
		/* Nothing is where the memory as a whole is gone: the process was killed. */
		if (got <= 0)
			return got ?: -ESRCH;
		ret = find_huge_zero(copying, start, got);
		ret = ret ?: copy_pages(copying, start, got, all);
		if (ret)
			return ret;
		start += got * PROC_PAGE_SIZE;
	}
}

static int begin(struct copying *copying, pid_t pid, struct dump_pages *pages, int dir, bool running)
{
	copying->pages = pages;
	copying->before = pages->runs;
	pages->runs = (struct dump_runs){ 0 };
	copying->zero = proc_pagemap_zero();
	copying->frames = -1;
	copying->pagemap = proc_pagemap_open(dir);
	if (copying->pagemap < 0)
		return copying->pagemap;
	if (copying->before.nr) {
		copying->frames = proc_frames_open();
		if (copying->frames < 0)
			return copying->frames;
	}
	proc_holes_open(&copying->holes, dir, copying->pagemap);
	return copier_open(&copying->copier, pid, pages->file, running ? &copying->missed : NULL);
}

static int end(struct copying *copying, int ret)
{
	if (copying->copier)
		ret = copier_close(copying->copier, ret);
	if (!ret && copying->missed.nr)
		ret = leave_out(&copying->pages->runs, &copying->missed);
	proc_holes_close(&copying->holes);
	if (copying->pagemap >= 0)
		close(copying->pagemap);
	if (copying->frames >= 0)
		close(copying->frames);
	free(copying->before.runs);
	free(copying->missed.runs);
	return ret;
}

static int copy_mappings(struct copying *copying, const struct dump_process *process)
{
	const uint32_t private = MAPPING_FILE_PRIVATE | MAPPING_ANON_PRIVATE;
	int ret = 0;

	for (size_t i = 0; !ret && i < process->nr_mappings; i++) {
		const struct dump_mapping *mapping = &process->mappings[i];

		if (mapping->status & private && !(mapping->status & MAPPING_VVAR))
			ret = copy_range(copying, mapping->start, mapping->end,
					 mapping->status & MAPPING_VDSO);
	}
	return ret;
}

int pages_copy(struct dump_process *process, struct image_directory *directory, struct pages_count *count,
	       const struct image_error *error)
{
	struct copying *copying = calloc(1, sizeof(*copying));
	int dir = proc_open(process->pid), ret = 0;

	if (!process->pages.file)
		ret = pages_open(&process->pages, directory, error);
	if (!ret) {
		ret = !copying ? -ENOMEM : dir < 0 ? dir : 0;
		if (!ret) {
			copying->count = count;
			ret = begin(copying, process->pid, &process->pages, dir, false);
			ret = ret ?: copy_mappings(copying, process);
			ret = end(copying, ret);
		}
		if (ret)
			image_error(error, ret, directory->path, "pages-%" PRIu32 ".img: %s",
				    process->pages.id, strerror(-ret));
	}
	if (dir >= 0)
		close(dir);
	free(copying);
	return ret;
}

/* While the process runs --------------------------------------------------------------------------- */

/* Of the kernel's own mappings only the vdso is copied. */
static bool is_special(const struct proc_map *map)
{
	struct proc_text path = map->path;

	return !map->ino && proc_text_skip(&path, "[v") && !proc_text_is(path, "dso]");
}

static int copy_map(const struct proc_map *map, void *copying)
{
	if (map->perms[3] != 'p' || is_special(map))
		return 0;
	return copy_range(copying, map->start, map->end, proc_text_is(map->path, "[vdso]"));
}

int pages_copy_running(pid_t pid, struct dump_pages *pages, struct pages_count *count)
{
	struct copying *copying = calloc(1, sizeof(*copying));
	int dir = proc_open(pid), ret = !copying ? -ENOMEM : dir < 0 ? dir : 0;

	if (!ret) {
		copying->count = count;
		ret = begin(copying, pid, pages, dir, true);
		/* First this: what is written while it is copied is to be copied again. */
		ret = ret ?: proc_soft_dirty_clear(dir);
		ret = ret ?: busy_split(pid, dir);
		if (ret > 0)
			ret = proc_soft_dirty_clear(dir);
		ret = ret ?: proc_maps_each(dir, copy_map, copying);
		ret = end(copying, ret);
		/* Of what was to be copied nobody knows how much was. */
		if (ret) {
			free(pages->runs.runs);
			pages->runs = (struct dump_runs){ 0 };
		}
	}
	if (dir >= 0)
		close(dir);
	free(copying);
	return ret;
}
