// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the module says of itself. Its attributes are the same in every ABI.
 */
#include <errno.h>
#include <stdlib.h>

#include "decode.h"
#include "export.h"
#include "info.h"
#include "request.h"

struct info_decoder {
	struct crlock_decoder decoder;
	struct crlock_info *info;
};

static int read_attr(struct crlock_decoder *decoder, const struct crlock_attr *attr)
{
	struct crlock_info *info = ((struct info_decoder *)decoder)->info;

	switch (attr->type) {
	case CRLOCK_A_MODULE_VERSION:
		crlock_decode_string(attr, info->version, sizeof(info->version));
		return 0;
	case CRLOCK_A_KERNEL:
		crlock_decode_string(attr, info->kernel, sizeof(info->kernel));
		return 0;
	case CRLOCK_A_ARCH:
		crlock_decode_string(attr, info->arch, sizeof(info->arch));
		return 0;
	case CRLOCK_A_ABI:
		return crlock_decode_u32(decoder, attr, &info->abi);
	case CRLOCK_A_FEATURES:
		return crlock_decode_u32(decoder, attr, &info->features);
	case CRLOCK_A_SNAPSHOT_MAX:
		return crlock_decode_u64(decoder, attr, &info->snapshot_max);
	case CRLOCK_A_TGIDS_MAX:
		return crlock_decode_u32(decoder, attr, &info->tgids_max);
	default:
		return 0;
	}
}

static int read_message(const struct nlmsghdr *nlh, void *data)
{
	return crlock_decode_message(data, nlh);
}

/** crlock_read_info - Asks the module over a connection. Returns: 0 or an error. */
int crlock_read_info(struct crlock_connection *connection, struct crlock_info *info)
{
	struct info_decoder decoder = { .decoder.attr = read_attr, .info = info };
	struct nlmsghdr *request;
	int err;

	*info = (struct crlock_info){};
	request = crlock_request_new(connection->family, CRLOCK_CMD_INFO_GET, NLM_F_ACK, 0);
	if (!request)
		return -ENOMEM;
	err = crlock_ask(connection, request, read_message, &decoder.decoder);
	free(request);
	return err;
}

CRLOCK_EXPORT int crlock_get_info(struct crlock_info *info)
{
	struct crlock_connection connection;
	int err;

	err = crlock_connect(&connection);
	if (!err)
		err = crlock_read_info(&connection, info);
	crlock_disconnect(&connection);
	return err;
}
