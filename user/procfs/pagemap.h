/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/PID/pagemap and clear_refs: which pages there are, and which were written since.
 */
#ifndef PROCFS_PAGEMAP_H
#define PROCFS_PAGEMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Bits of a page's entry. */
#define PROC_PAGE_PRESENT    (1ULL << 63)
#define PROC_PAGE_SWAPPED    (1ULL << 62)
#define PROC_PAGE_FILE	     (1ULL << 61) /* of a file, or of shared memory */
#define PROC_PAGE_SOFT_DIRTY (1ULL << 55) /* written since proc_soft_dirty_clear() */
#define PROC_PAGE_FRAME	     ((1ULL << 55) - 1) /* 0 to those without CAP_SYS_ADMIN */

#define PROC_PAGE_SIZE 4096

/** proc_pagemap_open - Opens the pagemap of a process. Returns: a descriptor or a negative errno value. */
int proc_pagemap_open(int dir);

/**
 * proc_pagemap_read - Reads the entries of pages.
 * @start: address of the first
 *
 * Returns: how many were read, less than @nr only at the end of the address space; or a negative errno value.
 */
ssize_t proc_pagemap_read(int fd, uint64_t start, uint64_t *entries, size_t nr);

/** proc_pagemap_zero - Entry bits of the frame that all untouched memory reads from, 0: not known. */
uint64_t proc_pagemap_zero(void);

/** proc_frames_open - Opens what the kernel tells of frames. Returns: a descriptor or a negative errno value. */
int proc_frames_open(void);

/**
 * proc_frame_is_zero - Whether a frame, as in an entry, is one that untouched memory reads from: beside the one there
 * is a huge one.
 * @fd: of proc_frames_open()
 *
 * Returns: 1, 0 or a negative errno value.
 */
int proc_frame_is_zero(int fd, uint64_t frame);

/** proc_soft_dirty_clear - Has writes noticed from now on. Returns: 0 or a negative errno value. */
int proc_soft_dirty_clear(int dir);

/** proc_soft_dirty_works - Whether this kernel notices them, tried on this process. */
bool proc_soft_dirty_works(void);

#endif
