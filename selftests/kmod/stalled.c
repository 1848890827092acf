// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The file is opened twice. Of who reads it through the page cache the page stays locked until the read is answered,
 * which it never is; who maps it without that cache first throws the pages out, with mmap_lock held, and waits for that
 * one.
 */
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "stalled.h"

#define LONG 1000000 /* seconds */

union request {
	struct {
		struct fuse_in_header header;
		struct fuse_open_in open;
	};
	char bytes[65536];
};

static void answer(int fuse, const union request *request, const void *data, size_t size)
{
	struct fuse_out_header header = { .len = sizeof(header) + size,
					  .error = data ? 0 : -38 /* ENOSYS */,
					  .unique = request->header.unique };
	struct iovec parts[] = { { &header, sizeof(header) }, { (void *)data, size } };

	if (writev(fuse, parts, 2) != (ssize_t)header.len)
		_exit(1);
}

static struct fuse_attr attr_of(uint64_t node)
{
	return (struct fuse_attr){
		.ino = node,
		.mode = node == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0644,
		.size = 4096,
		.nlink = 1,
	};
}

static void serve_one(struct stalled *stalled, const union request *request)
{
	struct fuse_init_out init = { .major = FUSE_KERNEL_VERSION,
				      .minor = FUSE_KERNEL_MINOR_VERSION,
				      .max_write = 4096 };
	struct fuse_entry_out entry = {
		.nodeid = 2, .entry_valid = LONG, .attr_valid = LONG, .attr = attr_of(2)
	};
	struct fuse_attr_out attr = { .attr_valid = LONG, .attr = attr_of(request->header.nodeid) };
	struct fuse_open_out opened = { .open_flags = FOPEN_KEEP_CACHE };

	switch (request->header.opcode) {
	case FUSE_INIT:
		answer(stalled->fuse, request, &init, sizeof(init));
		break;
	case FUSE_LOOKUP:
		answer(stalled->fuse, request, &entry, sizeof(entry));
		break;
	case FUSE_GETATTR:
		answer(stalled->fuse, request, &attr, sizeof(attr));
		break;
	case FUSE_OPEN:
		if (request->open.flags & O_RDWR)
			opened.open_flags |= FOPEN_DIRECT_IO;
		answer(stalled->fuse, request, &opened, sizeof(opened));
		break;
	case FUSE_READ:
		stalled->signs->asked = true;
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		answer(stalled->fuse, request, NULL, 0);
	}
}

static void begin(void *data)
{
	struct stalled *stalled = data;
	char options[128];

	stalled->fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", stalled->fuse);
	if (stalled->fuse < 0 || mkdir("stalled", 0700) || mount("stalled", "stalled", "fuse", 0, options))
		_exit(1);
}

static void serve(void *data)
{
	static union request request;
	struct stalled *stalled = data;

	while (read(stalled->fuse, &request, sizeof(request)) > 0)
		serve_one(stalled, &request);
}

static void read_file(void *data)
{
	char byte;
	int fd = open("stalled/file", O_RDONLY | O_CLOEXEC);

	if (read(fd, &byte, 1) != 1)
		_exit(1);
}

static void map_file(void *data)
{
	struct stalled *stalled = data;
	int fd = open("stalled/file", O_RDWR | O_CLOEXEC);

	stalled->signs->mapping = true;
	if (mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		_exit(1);
}

bool stalled_start(struct stalled *stalled)
{
	*stalled = (struct stalled){ .signs = shared_memory(sizeof(*stalled->signs)) };
	/* The module makes the device too. */
	if (stalled->signs && !system("modprobe -q fuse") &&
	    child_start(&stalled->server, begin, serve, stalled) &&
	    child_start(&stalled->reader, NULL, read_file, stalled) && until(stalled->signs->asked) &&
	    child_start(&stalled->mapper, NULL, map_file, stalled) && until(stalled->signs->mapping) &&
	    child_await(stalled->mapper.pid, 'D'))
		return true;
	stalled_end(stalled);
	return false;
}

void stalled_end(struct stalled *stalled)
{
	struct child *all[] = { &stalled->server, &stalled->reader, &stalled->mapper };

	/* All at once: without the server the others may go on, and end in any order. */
	for (size_t i = 0; i < 3; i++) {
		if (all[i]->pid > 0)
			kill(all[i]->pid, SIGKILL);
	}
	child_end(&stalled->server);
	child_end(&stalled->reader);
	child_end(&stalled->mapper);
	umount2("stalled", MNT_DETACH);
}
