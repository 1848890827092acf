// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "procfs/smaps.h"

static const struct {
	char name[3];
	uint32_t flag;
} names[] = {
	{ "gd", PROC_SMAP_GROWS_DOWN },	  { "pf", PROC_SMAP_PURE_PFN },	    { "lo", PROC_SMAP_LOCKED },
	{ "io", PROC_SMAP_IO },		  { "sr", PROC_SMAP_SEQUENTIAL },   { "rr", PROC_SMAP_RANDOM },
	{ "dc", PROC_SMAP_NO_FORK },	  { "nr", PROC_SMAP_NO_RESERVE },   { "ht", PROC_SMAP_HUGETLB },
	{ "dd", PROC_SMAP_NO_DUMP },	  { "mg", PROC_SMAP_MERGEABLE },    { "hg", PROC_SMAP_HUGE },
	{ "nh", PROC_SMAP_NO_HUGE },	  { "wf", PROC_SMAP_WIPE_ON_FORK }, { "um", PROC_SMAP_UFFD_MISSING },
	{ "uw", PROC_SMAP_UFFD_PROTECT }, { "ui", PROC_SMAP_UFFD_MINOR },   { "sh", PROC_SMAP_SHARED },
	{ "mw", PROC_SMAP_MAY_WRITE },	  { "ss", PROC_SMAP_SHADOW_STACK }, { "sl", PROC_SMAP_SEALED },
	{ "dp", PROC_SMAP_DROPPABLE },
};

static uint32_t parse_flags(struct proc_text line)
{
	struct proc_text word;
	uint32_t flags = 0;

	while (word = proc_text_word(&line), word.at < word.end) {
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
			if (proc_text_is(word, names[i].name))
				flags |= names[i].flag;
		}
	}
	return flags;
}

/* What is known of the mapping whose lines are being read. */
struct entry {
	struct proc_map map;
	char path[PROC_LINE_MAX];
	bool there;
	unsigned int key;
	uint64_t size, resident, swapped; /* kB */
};

static uint32_t flags_of(const struct entry *entry)
{
	uint32_t flags = entry->resident < entry->size ? PROC_SMAP_PARTIAL : 0;

	return entry->resident || entry->swapped ? flags : flags | PROC_SMAP_EMPTY;
}

/* Lines of a mapping follow the one that maps has too; the last one has the flags. */
static int take_line(struct entry *entry, struct proc_text line, proc_smaps_fn *fn, void *data)
{
	uint64_t key;

	if (proc_text_skip(&line, "Size:")) {
		proc_text_unsigned(proc_text_word(&line), 10, UINT64_MAX, &entry->size);
		return 0;
	}
	if (proc_text_skip(&line, "Rss:")) {
		proc_text_unsigned(proc_text_word(&line), 10, UINT64_MAX, &entry->resident);
		return 0;
	}
	if (proc_text_skip(&line, "Swap:")) {
		proc_text_unsigned(proc_text_word(&line), 10, UINT64_MAX, &entry->swapped);
		return 0;
	}
	if (proc_text_skip(&line, "ProtectionKey:")) {
		if (proc_text_unsigned(proc_text_word(&line), 10, 15, &key))
			entry->key = key;
		return 0;
	}
	if (proc_text_skip(&line, "VmFlags:")) {
		if (!entry->there)
			return -EINVAL;
		entry->there = false;
		return fn(&entry->map, parse_flags(line) | flags_of(entry), entry->key, data);
	}
	/* Names of the other lines begin with a capital, addresses do not. */
	if (line.at == line.end || isupper((unsigned char)*line.at))
		return 0;
	if (entry->there || proc_map_parse(line, &entry->map))
		return -EINVAL;
	memcpy(entry->path, entry->map.path.at, proc_text_len(entry->map.path));
	entry->map.path = proc_text(entry->path, proc_text_len(entry->map.path));
	entry->there = true;
	entry->key = 0;
	entry->size = entry->resident = entry->swapped = 0;
	return 0;
}

int proc_smaps_each(int dir, proc_smaps_fn *fn, void *data)
{
	struct proc_lines *lines = malloc(sizeof(*lines));
	struct entry *entry = calloc(1, sizeof(*entry));
	struct proc_text line;
	int ret = lines && entry ? proc_lines_open(lines, dir, "smaps") : -ENOMEM;

	if (!ret) {
		while ((ret = proc_lines_next(lines, &line)) > 0) {
			ret = take_line(entry, line, fn, data);
			if (ret)
				break;
		}
		proc_lines_close(lines);
	}
	free(entry);
	free(lines);
	return ret;
}
