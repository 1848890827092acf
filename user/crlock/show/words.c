// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Of processes and memory.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "crlock/show/words.h"

/* Of task_core_entry. */
enum { STATE_STOPPED = 3 };

const char *words_state(const struct saved_process *process)
{
	if (process->zombie)
		return "zombie";
	return saved_task(process)->task_state == STATE_STOPPED ? "stopped" : "alive";
}

struct word {
	uint64_t bit;
	const char *word;
};

static void add_word(struct lock_buffer *text, const char *word)
{
	if (text->len)
		lock_buffer_add(text, ",");
	lock_buffer_add(text, word);
}

void words_perms(struct lock_buffer *text, const Image__VmaEntry *vma)
{
	lock_buffer_format(text, "%c%c%c%c", vma->prot & PROT_READ ? 'r' : '-',
			   vma->prot & PROT_WRITE ? 'w' : '-', vma->prot & PROT_EXEC ? 'x' : '-',
			   vma->flags & MAP_PRIVATE ? 'p' : 's');
}

void words_vma_flags(struct lock_buffer *text, const Image__VmaEntry *vma)
{
	static const struct word flags[] = {
		{ MAP_GROWSDOWN, "growsdown" },
		{ MAP_LOCKED, "locked" },
		{ MAP_NORESERVE, "noreserve" },
		{ MAP_HUGETLB, "hugetlb" },
	};
	static const struct word advice[] = {
		{ 1 << MADV_RANDOM, "random" },	    { 1 << MADV_SEQUENTIAL, "sequential" },
		{ 1 << MADV_DONTFORK, "dontfork" }, { 1 << MADV_MERGEABLE, "mergeable" },
		{ 1 << MADV_HUGEPAGE, "hugepage" }, { 1 << MADV_NOHUGEPAGE, "nohugepage" },
		{ 1 << MADV_DONTDUMP, "dontdump" }, { 1 << MADV_WIPEONFORK, "wipeonfork" },
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		if (vma->flags & flags[i].bit)
			add_word(text, flags[i].word);
	}
	if (vma->has_lock_on_fault && vma->lock_on_fault)
		add_word(text, "onfault");
	for (size_t i = 0; i < sizeof(advice) / sizeof(*advice); i++) {
		if (vma->has_madv && vma->madv & advice[i].bit)
			add_word(text, advice[i].word);
	}
}

static void add_file(struct lock_buffer *text, const struct shown_files *files, const Image__VmaEntry *vma)
{
	const struct shown_file *file = vma->shmid <= UINT32_MAX ? shown_files_find(files, vma->shmid) : NULL;
	const Image__MemfdInodeEntry *memfd = file ? shown_files_memfd(files, file) : NULL;

	/* CRIU takes shared memory without a name for a file of memfd_create(2). */
	if (memfd && !strcmp(memfd->name, "/dev/zero"))
		lock_buffer_format(text, "[shared %" PRIu32 "]", memfd->shmid);
	else if (file)
		words_file(text, files, file);
	else
		lock_buffer_format(text, "file %" PRIu64 ", which is not recorded", vma->shmid);
}

void words_mapped(struct lock_buffer *text, const struct shown_files *files, const Image__MmEntry *mm,
		  const Image__VmaEntry *vma)
{
	static const struct word special[] = {
		{ SAVED_VMA_VSYSCALL, "[vsyscall]" }, { SAVED_VMA_VDSO, "[vdso]" },
		{ SAVED_VMA_VVAR, "[vvar]" },	      { SAVED_VMA_HEAP, "[heap]" },
		{ SAVED_VMA_STACK, "[stack]" },	      { SAVED_VMA_SYSVIPC, "[sysvipc]" },
		{ SAVED_VMA_SOCKET, "[socket]" },     { SAVED_VMA_AIORING, "[aio]" },
	};

	for (size_t i = 0; i < sizeof(special) / sizeof(*special); i++) {
		if (vma->status & special[i].bit) {
			lock_buffer_add(text, special[i].word);
			return;
		}
	}
	if (vma->status & SAVED_VMA_ANON_SHARED)
		lock_buffer_format(text, "[shared %" PRIu64 "]", vma->shmid);
	else if (mm->mm_start_stack >= vma->start && mm->mm_start_stack < vma->end)
		lock_buffer_add(text, "[stack]");
	else if (vma->status & (SAVED_VMA_FILE_PRIVATE | SAVED_VMA_FILE_SHARED))
		add_file(text, files, vma);
}
