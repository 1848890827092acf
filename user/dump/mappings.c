// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "dump/mappings.h"
#include "dump/shmem.h"
#include "image/container.h"
#include "image/magic.h"
#include "mm.pb-c.h"
#include "procfs/smaps.h"

/* Newer than the headers that this is built with may be. */
#ifndef PR_MDWE_REFUSE_EXEC_GAIN
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif
#ifndef PR_MDWE_NO_INHERIT
#define PR_MDWE_NO_INHERIT 2
#endif

/* Reading ------------------------------------------------------------------------------------------ */

struct reading {
	struct dump *dump;
	struct dump_process *process;
	size_t room;
	/* The file of the mapping before: its neighbours are nearly always of the same. */
	struct {
		uint32_t dev_major, dev_minor, flags;
		uint64_t ino, id;
	} last;
};

static bool begins(const struct proc_map *map, const char *with)
{
	struct proc_text path = map->path;

	return proc_text_skip(&path, with);
}

static void refuse(struct reading *reading, const struct proc_map *map, const char *what)
{
	block(&reading->dump->blockers, "%d: mapping at %" PRIx64 ": %s%s%.*s", reading->process->pid,
	      map->start, what, proc_text_len(map->path) ? ": " : "", (int)proc_text_len(map->path),
	      map->path.at);
}

/* Returns: what is in the way of having it again, NULL: nothing. */
static const char *odd_kind(const struct proc_map *map, uint32_t flags)
{
	if (flags & PROC_SMAP_HUGETLB)
		return "memory of hugetlbfs";
	if (flags & (PROC_SMAP_UFFD_MISSING | PROC_SMAP_UFFD_PROTECT | PROC_SMAP_UFFD_MINOR))
		return "memory that a userfaultfd watches";
	if (flags & PROC_SMAP_SHADOW_STACK)
		return "a shadow stack";
	if (flags & PROC_SMAP_SEALED)
		return "sealed memory (mseal)";
	if (flags & PROC_SMAP_DROPPABLE)
		return "memory that may be dropped (MAP_DROPPABLE)";
	if (begins(map, "/SYSV"))
		return "SysV shared memory";
	if (begins(map, "/[aio]"))
		return "a ring of asynchronous I/O";
	if (begins(map, "anon_inode:"))
		return "an anonymous file";
	if (flags & (PROC_SMAP_IO | PROC_SMAP_PURE_PFN))
		return "a device";
	return NULL;
}

static uint64_t advice_of(uint32_t flags)
{
	static const struct {
		uint32_t flag;
		int advice;
	} known[] = {
		{ PROC_SMAP_SEQUENTIAL, MADV_SEQUENTIAL }, { PROC_SMAP_RANDOM, MADV_RANDOM },
		{ PROC_SMAP_NO_FORK, MADV_DONTFORK },	   { PROC_SMAP_NO_DUMP, MADV_DONTDUMP },
		{ PROC_SMAP_MERGEABLE, MADV_MERGEABLE },   { PROC_SMAP_HUGE, MADV_HUGEPAGE },
		{ PROC_SMAP_NO_HUGE, MADV_NOHUGEPAGE },	   { PROC_SMAP_WIPE_ON_FORK, MADV_WIPEONFORK },
	};
	uint64_t advice = 0;

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (flags & known[i].flag)
			advice |= 1ULL << known[i].advice;
	}
	return advice;
}

static void set_common(struct dump_mapping *mapping, const struct proc_map *map, uint32_t flags)
{
	mapping->start = map->start;
	mapping->end = map->end;
	mapping->prot = (map->perms[0] == 'r' ? PROT_READ : 0) | (map->perms[1] == 'w' ? PROT_WRITE : 0) |
			(map->perms[2] == 'x' ? PROT_EXEC : 0);
	mapping->flags = (flags & PROC_SMAP_SHARED ? MAP_SHARED : MAP_PRIVATE) |
			 (flags & PROC_SMAP_GROWS_DOWN ? MAP_GROWSDOWN : 0) |
			 (flags & PROC_SMAP_LOCKED ? MAP_LOCKED : 0) |
			 (flags & PROC_SMAP_NO_RESERVE ? MAP_NORESERVE : 0);
	mapping->status = MAPPING_REGULAR;
	mapping->madv = advice_of(flags);
	/* Else locking would have brought all pages in. */
	mapping->locks_on_fault = flags & PROC_SMAP_LOCKED && flags & PROC_SMAP_PARTIAL;
}

/* Memory of the process alone that is of no file. */
static void set_anonymous(struct dump_mapping *mapping, const struct proc_map *map)
{
	mapping->flags |= MAP_ANONYMOUS;
	mapping->status |= MAPPING_ANON_PRIVATE;
	if (proc_text_is(map->path, "[heap]"))
		mapping->status |= MAPPING_HEAP;
	if (proc_text_is(map->path, "[vdso]"))
		mapping->status |= MAPPING_VDSO;
	if (begins(map, "[vvar"))
		mapping->status |= MAPPING_VVAR;
}

static bool is_as_before(const struct reading *reading, const struct proc_map *map, uint32_t open_flags)
{
	return reading->last.ino == map->ino && reading->last.dev_major == map->dev_major &&
	       reading->last.dev_minor == map->dev_minor && reading->last.flags == open_flags;
}

static int set_file(struct reading *reading, struct dump_mapping *mapping, const struct proc_map *map,
		    uint32_t flags)
{
	bool writable = flags & PROC_SMAP_SHARED && flags & PROC_SMAP_MAY_WRITE;
	uint32_t open_flags = writable ? O_RDWR : O_RDONLY, id = 0;
	int ret;

	mapping->pgoff = map->offset;
	mapping->status |= flags & PROC_SMAP_SHARED ? MAPPING_FILE_SHARED : MAPPING_FILE_PRIVATE;
	mapping->status |= begins(map, "/memfd:") ? MAPPING_MEMFD : 0;
	mapping->fdflags = open_flags;
	mapping->has_fdflags = true;
	if (is_as_before(reading, map, open_flags)) {
		mapping->shmid = reading->last.id;
		return 0;
	}
	ret = dump_files_mapping(reading->dump->files, reading->process->pid, map->start, map->end, &id);
	if (ret == -EMEDIUMTYPE && flags & PROC_SMAP_SHARED) {
		mapping->status = MAPPING_REGULAR | MAPPING_ANON_SHARED;
		mapping->flags |= MAP_ANONYMOUS;
		mapping->has_fdflags = false;
		return shmem_add(reading->dump, reading->process->pid, map, &mapping->shmid);
	}
	if (ret)
		return dump_fail(ret, reading->process->pid, "a mapped file");
	mapping->shmid = id;
	reading->last.ino = map->ino;
	reading->last.dev_major = map->dev_major;
	reading->last.dev_minor = map->dev_minor;
	reading->last.flags = open_flags;
	reading->last.id = id;
	return 0;
}

static struct dump_mapping *add_mapping(struct reading *reading)
{
	struct dump_process *process = reading->process;

	if (process->nr_mappings == reading->room) {
		size_t room = reading->room ? 2 * reading->room : 64;
		void *larger = reallocarray(process->mappings, room, sizeof(*process->mappings));

		if (!larger)
			return NULL;
		process->mappings = larger;
		reading->room = room;
	}
	process->mappings[process->nr_mappings] = (struct dump_mapping){ 0 };
	return &process->mappings[process->nr_mappings++];
}

static int take(const struct proc_map *map, uint32_t flags, unsigned int key, void *data)
{
	struct reading *reading = data;
	bool special = begins(map, "[vvar") || proc_text_is(map->path, "[vdso]");
	const char *odd = special ? NULL : odd_kind(map, flags);
	struct dump_mapping *mapping;

	/* It is the same in every process, and is not in their part of the address space. */
	if (proc_text_is(map->path, "[vsyscall]"))
		return 0;
	/* Of a file that is not open for writing, a shared mapping has no flag that says so. */
	if (map->perms[3] == 's')
		flags |= PROC_SMAP_SHARED;
	if (key)
		odd = "memory with a protection key";
	if (odd) {
		refuse(reading, map, odd);
		return 0;
	}
	mapping = add_mapping(reading);
	if (!mapping)
		return -ENOMEM;
	set_common(mapping, map, flags);
	if (map->ino)
		return set_file(reading, mapping, map, flags);
	set_anonymous(mapping, map);
	return 0;
}

int mappings_read(struct dump *dump, struct dump_process *process)
{
	struct reading reading = { .dump = dump, .process = process };
	int dir = proc_open(process->pid), ret = dir;

	if (dir >= 0) {
		ret = proc_smaps_each(dir, take, &reading);
		close(dir);
	}
	return ret < 0 ? dump_fail(ret, process->pid, "mappings") : 0;
}

/* Writing ------------------------------------------------------------------------------------------ */

static void pack_bounds(const struct dump_process *process, Image__MmEntry *message)
{
	const struct crlock_process *from = &process->state.process;

	message->mm_start_code = from->start_code;
	message->mm_end_code = from->end_code;
	message->mm_start_data = from->start_data;
	message->mm_end_data = from->end_data;
	message->mm_start_stack = from->start_stack;
	message->mm_start_brk = from->start_brk;
	message->mm_brk = from->brk;
	message->mm_arg_start = from->arg_start;
	message->mm_arg_end = from->arg_end;
	message->mm_env_start = from->env_start;
	message->mm_env_end = from->env_end;
	message->has_dumpable = true;
	message->dumpable = from->dumpable;
	message->has_thp_disabled = true;
	message->thp_disabled = from->mm_flags & CRLOCK_MM_THP_DISABLED;
}

/* What was asked for mappings to come. */
static void pack_future(const struct dump_process *process, Image__MmEntry *message)
{
	uint32_t flags = process->state.process.mm_flags;

	message->has_mlock_future = flags & CRLOCK_MM_MCL_FUTURE;
	message->mlock_future = MCL_FUTURE | (flags & CRLOCK_MM_MCL_ONFAULT ? MCL_ONFAULT : 0);
	message->has_mdwe = flags & CRLOCK_MM_MDWE;
	message->mdwe =
		PR_MDWE_REFUSE_EXEC_GAIN | (flags & CRLOCK_MM_MDWE_NO_INHERIT ? PR_MDWE_NO_INHERIT : 0);
	message->has_memory_merge = flags & CRLOCK_MM_MERGE_ANY;
	message->memory_merge = true;
}

static void pack_mapping(const struct dump_mapping *from, Image__VmaEntry *to)
{
	image__vma_entry__init(to);
	to->start = from->start;
	to->end = from->end;
	to->pgoff = from->pgoff;
	to->shmid = from->shmid;
	to->prot = from->prot;
	to->flags = from->flags;
	to->status = from->status;
	to->fd = -1;
	to->has_madv = from->madv != 0;
	to->madv = from->madv;
	to->has_fdflags = from->has_fdflags;
	to->fdflags = from->fdflags;
	to->has_lock_on_fault = to->lock_on_fault = from->locks_on_fault;
}

/* As many words as all readers take. */
#define AUXV_MAX 44

int mappings_write(const struct dump_process *process, struct image_directory *directory,
		   const struct image_error *error)
{
	Image__MmEntry message = IMAGE__MM_ENTRY__INIT;
	Image__VmaEntry *entries = calloc(process->nr_mappings + 1, sizeof(*entries));
	Image__VmaEntry **pointers = calloc(process->nr_mappings + 1, sizeof(*pointers));
	char name[32];
	int ret = -ENOMEM;

	for (size_t i = 0; entries && pointers && i < process->nr_mappings; i++) {
		pack_mapping(&process->mappings[i], &entries[i]);
		pointers[i] = &entries[i];
	}
	snprintf(name, sizeof(name), "mm-%d.img", process->pid);
	message.vmas = pointers;
	message.n_vmas = process->nr_mappings;
	message.mm_saved_auxv = process->auxv;
	message.n_mm_saved_auxv = process->nr_auxv < AUXV_MAX ? process->nr_auxv : AUXV_MAX;
	message.auxv_rest = process->auxv + message.n_mm_saved_auxv;
	message.n_auxv_rest = process->nr_auxv - message.n_mm_saved_auxv;
	message.exe_file_id = process->exe_id;
	pack_bounds(process, &message);
	pack_future(process, &message);
	if (entries && pointers)
		ret = image_write_one(directory, name, IMAGE_MAGIC_MM, &message.base, error);
	else
		image_error(error, ret, directory->path, "%s: %s", name, strerror(ENOMEM));
	free(entries);
	free(pointers);
	return ret;
}
