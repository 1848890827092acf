/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What numbers of images mean, in words. What comes from strangers is not made printable here.
 */
#ifndef CRLOCK_SHOW_WORDS_H
#define CRLOCK_SHOW_WORDS_H

#include "crlock/show/files.h"
#include "image/saved.h"
#include "locks/buffer.h"

/** words_state - "alive", "zombie" or "stopped". */
const char *words_state(const struct saved_process *process);

/** words_perms - Adds what may be done with a mapping, as /proc/PID/maps has it: "rw-p". */
void words_perms(struct lock_buffer *text, const Image__VmaEntry *vma);

/** words_vma_flags - Adds what else was asked of a mapping, with commas between: "growsdown,locked,dontfork". */
void words_vma_flags(struct lock_buffer *text, const Image__VmaEntry *vma);

/** words_mapped - Adds what is mapped: a path, "[heap]", "[stack]", "[shared 3]", ...; nothing: private memory. */
void words_mapped(struct lock_buffer *text, const struct shown_files *files, const Image__MmEntry *mm,
		  const Image__VmaEntry *vma);

/** words_kind - What a file is: "REG", "PIPE", ..., or "kind 21". @room: for the latter */
const char *words_kind(const Image__FileEntry *entry, char room[32]);

/** words_open_flags - Adds the access and O_* of a file, with commas between: "rw,append". */
void words_open_flags(struct lock_buffer *text, const struct shown_file *file);

/** words_file - Adds what a file is called, and its state: a path, "pipe:[123]", "tcp 127.0.0.1:80 LISTEN", ... */
void words_file(struct lock_buffer *text, const struct shown_files *files, const struct shown_file *file);

#endif
