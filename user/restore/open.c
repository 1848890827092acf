// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/say.h"
#include "image/status.h"
#include "restore/conflict.h"
#include "restore/file.h"
#include "restore/open.h"

/* What of the recorded flags makes sense when the file is there and its name has been followed. */
#define OPEN_FLAGS (O_ACCMODE | O_APPEND | O_DSYNC | O_SYNC | O_DIRECT | O_NOATIME | O_DIRECTORY | O_NONBLOCK)

static struct rlimit old_limit;

static int __attribute__((format(printf, 3, 4))) fail(char *why, int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, WHY_MAX, format, args);
	va_end(args);
	return status;
}

void files_raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &old_limit))
		return;
	limit = (struct rlimit){ old_limit.rlim_max, old_limit.rlim_max };
	setrlimit(RLIMIT_NOFILE, &limit);
}

void files_restore_limit(void)
{
	if (old_limit.rlim_max)
		setrlimit(RLIMIT_NOFILE, &old_limit);
}

/* Above all numbers that the plan needs. */
static int lowest_free(const struct plan *plan)
{
	int lowest = STDERR_FILENO + 1;

	for (size_t i = 0; i < plan->nr_descriptors; i++) {
		if (plan->descriptors[i].fd >= lowest)
			lowest = plan->descriptors[i].fd + 1;
	}
	return lowest;
}

static int move_up(int fd, int lowest)
{
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, lowest), err = errno;

	close(fd);
	errno = err;
	return moved;
}

/*
 * An open of a file under a lease of others would break that, though no one waits for it.
 *
 * Returns: 0 or -EAGAIN.
 */
static int check_leases(const struct plan *plan, const struct planned_file *file, int fd, char *why)
{
	struct lock opening = { .row.kind = CRLOCK_KIND_LEASE };
	struct lock_buffer name = { 0 };
	int err = 0;

	opening.row.held = (file->file->flags & O_ACCMODE) == O_RDONLY ? F_RDLCK : F_WRLCK;
	if (conflict_find(plan, &opening, fd, &name))
		err = fail(why, -EAGAIN, "%s: cannot be opened: in the way is %s", file->file->path,
			   lock_buffer_text(&name));
	lock_buffer_free(&name);
	return err;
}

/* Turns a descriptor with O_PATH, which disturbs nobody, into one that is open as it was. */
static int open_for_real(const struct planned_file *file, int path_fd, char *why)
{
	const struct checkpoint_file *recorded = file->file;
	int flags = recorded->flags & OPEN_FLAGS;
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", path_fd);
	fd = open(name, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && errno == EWOULDBLOCK)
		return fail(why, -EAGAIN, "%s: cannot be opened: a lease is in the way", recorded->path);
	if (fd < 0 || (!(flags & O_NONBLOCK) && fcntl(fd, F_SETFL, flags)))
		goto failed;
	if (S_ISREG(recorded->mode) && recorded->pos >= 0 &&
	    lseek(fd, recorded->pos, SEEK_SET) != recorded->pos)
		goto failed;
	return fd;
failed:
	fail(why, 0, "%s: cannot be opened: %s", recorded->path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -EIO;
}

static int check_recorded(const struct checkpoint_file *file, char *why)
{
	if (file->deleted)
		return fail(why, STATUS_IN_THE_WAY, "%s: was deleted while it was locked", file->path);
	if (!S_ISREG(file->mode) && !S_ISDIR(file->mode))
		return fail(why, STATUS_IN_THE_WAY,
			    "%s: is neither a regular file nor a directory: not opened anew", file->path);
	return 0;
}

static int open_one(const struct plan *plan, struct planned_file *file, bool leases, int lowest, char *why)
{
	int path_fd, status = check_recorded(file->file, why);

	if (status)
		return status;
	path_fd = open(file->file->path, O_PATH | O_CLOEXEC);
	if (path_fd < 0)
		return fail(why, STATUS_IN_THE_WAY, "%s: %s", file->file->path, strerror(errno));
	if (!file_is_same(file->file, path_fd))
		status = fail(why, STATUS_IN_THE_WAY, "%s: is not the file that it was", file->file->path);
	if (!status && leases)
		status = check_leases(plan, file, path_fd, why);
	if (!status) {
		file->fd = open_for_real(file, path_fd, why);
		if (file->fd < 0)
			status = file->fd == -EAGAIN ? -EAGAIN : STATUS_IN_THE_WAY;
	}
	close(path_fd);
	if (status)
		return status;
	file->fd = move_up(file->fd, lowest);
	if (file->fd < 0)
		return fail(why, STATUS_IN_THE_WAY, "%s: %s", file->file->path, strerror(errno));
	/* The generation could not be asked for before. */
	if (!file_is_same(file->file, file->fd))
		return fail(why, STATUS_IN_THE_WAY, "%s: is not the file that it was", file->file->path);
	return 0;
}

static int open_all(struct plan *plan, int lowest, char *why)
{
	bool leases = conflict_any_lease(plan);
	int status = 0;

	for (size_t i = 0; i < plan->nr_files && !status; i++) {
		struct planned_file *file = &plan->files[i];

		if (file->skipped)
			continue;
		status = open_one(plan, file, leases, lowest, why);
		if (status == -EAGAIN && plan->options->on_conflict == ON_CONFLICT_SKIP) {
			say_warning("%s: skipped", why);
			file->skipped = true;
			status = 0;
		}
	}
	return status;
}

/* Only now what had the numbers is closed. All is shared again that was. */
static int place(struct planned_file *file, char *why)
{
	int high = file->fd;

	for (size_t i = 0; i < file->nr_descriptors; i++) {
		if (dup2(high, file->descriptors[i].fd) < 0)
			return fail(why, STATUS_IN_THE_WAY, "%s: descriptor %d: %s", file->file->path,
				    file->descriptors[i].fd, strerror(errno));
	}
	/* Before POSIX locks are taken: closing any descriptor of a file drops them. */
	file->fd = file->descriptors[0].fd;
	close(high);
	return 0;
}

static bool needs_stderr(const struct plan *plan)
{
	for (size_t i = 0; i < plan->nr_descriptors; i++) {
		if (plan->descriptors[i].fd == STDERR_FILENO)
			return true;
	}
	return false;
}

int files_open(struct plan *plan, char why[WHY_MAX])
{
	int lowest = lowest_free(plan), status;

	status = open_all(plan, lowest, why);
	if (!status && (needs_stderr(plan) || say_to_file()) && say_elsewhere(lowest))
		status = fail(why, STATUS_IN_THE_WAY, "standard error: %s", strerror(errno));
	for (size_t i = 0; i < plan->nr_files && !status; i++) {
		if (plan->files[i].fd >= 0)
			status = place(&plan->files[i], why);
	}
	return status;
}

void files_close(struct plan *plan)
{
	for (size_t i = 0; i < plan->nr_files; i++) {
		struct planned_file *file = &plan->files[i];
		bool placed = file->fd == file->descriptors[0].fd;

		if (file->fd >= 0 && !placed)
			close(file->fd);
		for (size_t j = 0; placed && j < file->nr_descriptors; j++)
			close(file->descriptors[j].fd);
		file->fd = -1;
	}
}
