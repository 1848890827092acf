// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "locks/format.h"
#include "locks/list.h"
#include "procfs/fdinfo.h"
#include "procfs/process.h"
#include "procfs/tree.h"
#include "restore/conflict.h"

static uint32_t kinds_like(unsigned int kind)
{
	if (lock_is_range(kind))
		return 1 << CRLOCK_KIND_POSIX | 1 << CRLOCK_KIND_OFD;
	return 1 << kind;
}

static void read_of_file(struct lock_list *list, uint32_t kinds, int fd)
{
	struct lock_query query = { .details = LOCK_DETAIL_COMM | LOCK_DETAIL_PATH, .filter.kinds = kinds };
	struct lock_report report;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (lock_query_file(&query, path) || lock_list_read(list, &query, LOCK_FROM_AUTO, &report))
		lock_list_free(list);
}

void conflict_read(struct lock_list *list, int fd)
{
	read_of_file(list, 0, fd);
}

bool conflict_find_in(const struct lock_list *list, const struct plan *plan, const struct lock *wanted,
		      struct lock_buffer *name)
{
	for (size_t i = 0; i < list->nr; i++) {
		if (lock_conflict(&list->locks[i], wanted) &&
		    !(plan && plan_is_ours(plan, &list->locks[i]))) {
			lock_format_name(name, &list->locks[i]);
			return true;
		}
	}
	return false;
}

bool conflict_find(const struct plan *plan, const struct lock *wanted, int fd, struct lock_buffer *name)
{
	struct lock_list list = { 0 };
	bool found;

	read_of_file(&list, kinds_like(wanted->row.kind), fd);
	found = conflict_find_in(&list, plan, wanted, name);
	lock_list_free(&list);
	return found;
}

bool conflict_any_lease(const struct plan *plan)
{
	struct lock_query query = { .filter.kinds = 1 << CRLOCK_KIND_LEASE };
	struct lock_list list = { 0 };
	struct lock_report report;
	bool any = lock_list_read(&list, &query, LOCK_FROM_AUTO, &report);

	for (size_t i = 0; i < list.nr && !any; i++)
		any = !plan_is_ours(plan, &list.locks[i]);
	lock_list_free(&list);
	return any;
}

/* ---- Open files ---- */

static bool is_planned(const struct planned_file *file, pid_t pid, int fd)
{
	if (pid == getpid() && fd == file->fd)
		return true;
	for (size_t i = 0; i < file->nr_descriptors; i++) {
		if (file->descriptors[i].target->pid == pid && file->descriptors[i].fd == fd)
			return true;
	}
	return false;
}

static bool can_write(int dir, int fd)
{
	struct proc_lines *lines = malloc(sizeof(*lines));
	struct proc_fdinfo info;
	bool can = false;

	if (lines && !proc_fdinfo_read(dir, fd, lines, &info, NULL, NULL))
		can = !(info.flags & O_PATH) && (info.flags & O_ACCMODE) != O_RDONLY;
	free(lines);
	return can;
}

/* The first descriptor of a process that has the file open in a way that the lease forbids, or -1. */
static int find_in_process(const struct planned_lock *wanted, const struct stat *file, pid_t pid, int dir)
{
	struct proc_numbers *numbers;
	struct stat stat;
	char name[32];
	int fd, found = -1;

	if (proc_numbers_open(&numbers, dir, "fd"))
		return -1;
	while (found < 0 && proc_numbers_next(numbers, &fd) > 0) {
		snprintf(name, sizeof(name), "fd/%d", fd);
		if (fstatat(dir, name, &stat, 0) || stat.st_dev != file->st_dev ||
		    stat.st_ino != file->st_ino || is_planned(wanted->file, pid, fd))
			continue;
		if (wanted->lock->row.held == F_WRLCK || can_write(dir, fd))
			found = fd;
	}
	proc_numbers_close(numbers);
	return found;
}

bool conflict_find_open(const struct planned_lock *wanted, struct lock_buffer *name)
{
	char comm[PROC_COMM_MAX] = "?";
	struct proc_pids pids = { 0 };
	struct stat file;
	int found = -1;

	if (fstat(wanted->file->fd, &file) || proc_pids_all(&pids)) {
		proc_pids_free(&pids);
		return false;
	}
	for (size_t i = 0; i < pids.nr && found < 0; i++) {
		int dir = proc_open(pids.pids[i]);

		if (dir < 0)
			continue;
		found = find_in_process(wanted, &file, pids.pids[i], dir);
		if (found >= 0) {
			proc_comm_read(dir, comm);
			lock_buffer_format(name, "its being open as descriptor %d of %d(", found,
					   pids.pids[i]);
			lock_buffer_printable(name, comm);
			lock_buffer_add(name, ")");
		}
		close(dir);
	}
	proc_pids_free(&pids);
	return found >= 0;
}
