/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CRLOCK_FILES_H
#define CRLOCK_FILES_H

#include "crlock.h"
#include "decode.h"

/**
 * struct crlock_file_decoder - Takes rows of descriptors. It owns nothing.
 * @decoder: to be given the messages
 * @fn: gets the descriptors
 * @data: of @fn
 */
struct crlock_file_decoder {
	struct crlock_decoder decoder;
	crlock_file_fn *fn;
	void *data;
};

void crlock_file_decoder_init(struct crlock_file_decoder *files, crlock_file_fn *fn, void *data);

#endif
