// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sys/syscall.h>

#include "restore/tree/actor.h"

static int puppet_flock(void *data, int fd, int operation)
{
	return puppet_call(data, SYS_flock, fd, operation);
}

static int puppet_fcntl(void *data, int fd, int cmd, long arg)
{
	return puppet_call(data, SYS_fcntl, fd, cmd, arg);
}

static int puppet_fcntl_struct(void *data, int fd, int cmd, void *arg, size_t size)
{
	struct puppet *puppet = data;
	unsigned long at = puppet_give(puppet, arg, size);
	int ret = at ? puppet_call(puppet, SYS_fcntl, fd, cmd, at) : -EFAULT;

	return ret < 0 ? ret : puppet_read(puppet, at, arg, size) ?: ret;
}

struct lock_actor puppet_actor(struct puppet *puppet)
{
	return (struct lock_actor){
		.flock = puppet_flock,
		.fcntl = puppet_fcntl,
		.fcntl_struct = puppet_fcntl_struct,
		.data = puppet,
	};
}
