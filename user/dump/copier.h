/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copies pages of a process into a file, many at a time.
 */
#ifndef DUMP_COPIER_H
#define DUMP_COPIER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "dump/process.h"
#include "image/file.h"

struct copier;

/**
 * copier_open - Begins.
 * @file: where pages go; borrowed
 * @missed: NULL, or the process runs: gets what could not be read, mostly since it was unmapped meanwhile, which is
 *	no error then. Nothing is written in its place.
 *
 * Returns: 0 or a negative errno value.
 */
int copier_open(struct copier **out, pid_t pid, struct image_file *file, struct dump_runs *missed);

/** copier_add - Copies pages, not all at once. @at: page of the file. Returns: 0 or a negative errno value. */
int copier_add(struct copier *copier, uint64_t start, uint64_t nr, uint64_t at);

/**
 * copier_close - Copies what is left and frees the copier.
 * @ret: of what went before; if it is an error nothing is copied
 *
 * Returns: @ret or a negative errno value.
 */
int copier_close(struct copier *copier, int ret);

#endif
