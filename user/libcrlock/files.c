// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * CRLOCK_CMD_FILE_GET: descriptors with their open file descriptions.
 */
#include <errno.h>
#include <stdlib.h>

#include "export.h"
#include "files.h"
#include "handle.h"
#include "request.h"

static int read_attr(struct crlock_decoder *decoder, const struct crlock_attr *attr)
{
	struct crlock_file_decoder *files = (struct crlock_file_decoder *)decoder;
	const size_t least = CRLOCK_SIZE_UP_TO(struct crlock_file, reserved);
	struct crlock_file file;
	int err;

	if (attr->type != CRLOCK_A_FILE)
		return 0;
	err = crlock_decode_row(decoder, attr, &file, sizeof(file), least);
	return err ?: files->fn(&file, files->data);
}

/** crlock_file_decoder_init - Makes a decoder. */
void crlock_file_decoder_init(struct crlock_file_decoder *files, crlock_file_fn *fn, void *data)
{
	*files = (struct crlock_file_decoder){ .decoder.attr = read_attr, .fn = fn, .data = data };
}

CRLOCK_EXPORT int crlock_each_file(struct crlock *crlock, const pid_t *tgids, size_t nr_tgids,
				   crlock_file_fn *fn, void *data)
{
	struct crlock_file_decoder files;
	struct nlmsghdr *request;
	int err;

	err = crlock_begin(crlock) ?: crlock_request_file_get(&request, crlock, tgids, nr_tgids);
	if (err)
		return err;
	crlock_file_decoder_init(&files, fn, data);
	err = crlock_call(crlock, request, &files.decoder);
	free(request);
	return err;
}
