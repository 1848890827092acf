// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Leases of others. To open a file under one would break it, though it is not sure yet that this restore
 * succeeds.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "image/lookup.h"
#include "libcrlock/crlock.h"
#include "locks/buffer.h"
#include "locks/module.h"
#include "procfs/locks.h"
#include "restore/conflict.h"
#include "restore/files/path.h"

/* Inode numbers only: the device is not that of stat(2) everywhere. What is found is looked at closely. */
struct lease_table {
	struct image_lookup inodes;
};

static int add_lease(struct lease_table *leases, uint64_t ino)
{
	return image_lookup_add(&leases->inodes, ino, 0);
}

static int add_line(const struct proc_lock *lock, void *leases)
{
	return lock->kind == CRLOCK_KIND_LEASE && lock->has_inode ? add_lease(leases, lock->ino) : 0;
}

static int add_row(const struct crlock_lock *row, const struct crlock_holder *holders, size_t nr_holders,
		   void *data)
{
	(void)holders;
	(void)nr_holders;
	return add_lease(data, row->ino);
}

static int read_module(struct lease_table *leases)
{
	const struct crlock_filter filter = { .kinds = 1 << CRLOCK_KIND_LEASE };
	struct crlock *crlock;
	int ret = module_open(&crlock);

	if (ret)
		return ret;
	ret = crlock_each_lock(crlock, &filter, add_row, leases);
	crlock_close(crlock);
	return ret;
}

/* To open /proc/locks takes an RCU grace period, which is as long as much of a restore. */
int leases_read(struct restore_files *files)
{
	files->leases = calloc(1, sizeof(*files->leases));
	if (!files->leases)
		return -ENOMEM;
	return read_module(files->leases) ? proc_locks_twice("/proc/locks", add_line, files->leases) : 0;
}

void leases_free(struct restore_files *files)
{
	if (files->leases)
		image_lookup_free(&files->leases->inodes);
	free(files->leases);
	files->leases = NULL;
}

bool leases_find(const struct restore_files *files, int fd, uint32_t flags, char *name, size_t size)
{
	struct lock opening = { .row.kind = CRLOCK_KIND_LEASE };
	struct lock_buffer found = { 0 };
	struct stat stat;
	size_t at;
	bool any;

	if (!files->leases || !files->leases->inodes.nr || flags & O_PATH || fstat(fd, &stat) ||
	    !image_lookup_find(&files->leases->inodes, stat.st_ino, &at))
		return false;
	opening.row.held = (flags & O_ACCMODE) == O_RDONLY ? F_RDLCK : F_WRLCK;
	any = conflict_find(NULL, &opening, fd, &found);
	snprintf(name, size, "%s", lock_buffer_text(&found));
	lock_buffer_free(&found);
	return any;
}
