/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What fuzzers share. Each is a program that libFuzzer drives, or, without clang, one that reads files once (replay.c).
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/** LLVMFuzzerTestOneInput - Called by libFuzzer or replay.c with one input. Returns: 0; -1: not for the corpus. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** fuzz_remove_at_exit - Has a directory without others in it removed when the program ends. */
void fuzz_remove_at_exit(const char *path);

#endif
