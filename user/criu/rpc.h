/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRIU_RPC_H
#define CRIU_RPC_H

#include <sys/types.h>

#include "criu/request.h"
#include "rpc.pb-c.h"

#define RPC_WHY_MAX 512

/**
 * rpc_read - What the options of a message ask for.
 * @options: NULL if the message has none
 * @kind: REQUEST_DUMP or REQUEST_RESTORE
 * @peer: the process whose descriptors they name
 * @request: the caller frees it with request_free(), also after an error
 * @why: gets why it is refused
 *
 * What goes wrong from then on can be written to the log, if the request has one, also after an error.
 *
 * Returns: 0 or a negative errno value; -EOPNOTSUPP if something is asked for that is not supported.
 */
int rpc_read(const Rpc__Options *options, enum request_kind kind, pid_t peer, struct request *request,
	     char why[RPC_WHY_MAX]);

#endif
