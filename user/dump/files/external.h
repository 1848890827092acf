/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DUMP_FILES_EXTERNAL_H
#define DUMP_FILES_EXTERNAL_H

#include "dump/files/state.h"

/** external_has - Whether --external names something. */
bool external_has(const struct dump_files *files, enum external_type type, uint64_t first, uint64_t second);

#endif
