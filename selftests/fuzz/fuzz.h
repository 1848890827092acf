/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What fuzzers share. Each is a program that libFuzzer drives, or, without clang, one that reads files once (replay.c).
 * What they write is below the directory CRLOCK_FUZZ_ROOM, which the script run makes and removes.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/** LLVMFuzzerTestOneInput - Called by libFuzzer or replay.c with one input. Returns: 0; -1: not for the corpus. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** fuzz_directory - Makes a directory that is the program's own. @path: gets it */
void fuzz_directory(char *path, size_t size);

/** fuzz_judge - Stops at a refusal that is not one line. @ret: what a reader gave, with what it said */
void fuzz_judge(int ret, const char *why);

#endif
