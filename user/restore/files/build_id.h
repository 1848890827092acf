/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RESTORE_FILES_BUILD_ID_H
#define RESTORE_FILES_BUILD_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * build_id_is - Whether a file has a build id, as of ld --build-id.
 * @fd: of an ELF file, O_PATH will do; it is opened for reading, so that no lease may be in the way
 * @words: the id, @nr words of it; the last may have zeroes behind the id
 */
bool build_id_is(int fd, const uint32_t *words, size_t nr);

#endif
