// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "procfs/call.h"
#include "procfs/file.h"

int proc_call_read(int dir, struct proc_call *call)
{
	char text[256];
	ssize_t len = proc_read(dir, "syscall", text, sizeof(text));
	int nr;

	if (len < 0)
		return len;
	/* Of what sleeps elsewhere the number is negative, and there are no arguments. */
	nr = sscanf(text,
		    "%" SCNu64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64
		    " %" SCNx64 " %" SCNx64,
		    &call->nr, &call->args[0], &call->args[1], &call->args[2], &call->args[3], &call->args[4],
		    &call->args[5], &call->sp, &call->pc);
	return nr == 9 ? 0 : -EAGAIN;
}
