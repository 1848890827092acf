// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "crlock/verify/shown.h"
#include "locks/append.h"
#include "procfs/tree.h"

struct reading {
	struct shown *shown;
	struct proc_lines *lines;
	int root;
};

/*
 * Takes in one line, whatever it says.
 * @whole: the same with what comes before, which is told if it is strange
 */
static int add_line(struct shown_lines *lines, struct proc_text text, struct proc_text whole, bool strange)
{
	struct entry *entry;

	if (lines->nr == SHOWN_MAX)
		return -E2BIG;
	if (append(lines->entries, lines->nr, (struct entry){ 0 }))
		return -ENOMEM;
	entry = &lines->entries[lines->nr - 1];
	entry->is_line = !proc_lock_parse(text, &entry->line);
	if (!strange && entry->is_line && entry->line.kind != PROC_LOCK_KIND_UNKNOWN &&
	    entry_has_form(entry, text))
		return 0;
	entry->strange = strndup(whole.at, proc_text_len(whole));
	return entry->strange ? 0 : -ENOMEM;
}

/* A copy may have anything in it: what is no file is not there. */
static int open_lines(struct reading *reading, int dir, const char *name)
{
	struct stat stat;

	if (!reading->shown->live) {
		if (fstatat(dir, name, &stat, 0))
			return -errno;
		if (!S_ISREG(stat.st_mode))
			return -EINVAL;
	}
	return proc_lines_open(reading->lines, dir, name);
}

static int read_locks(struct reading *reading)
{
	int err = open_lines(reading, reading->root, "locks"), ret = 0;
	struct proc_text text;

	if (err)
		return err;
	while (!err && (ret = proc_lines_next(reading->lines, &text)) > 0)
		err = add_line(&reading->shown->locks, text, text, false);
	proc_lines_close(reading->lines);
	return err ?: ret;
}

static bool skip_blanks(struct proc_text *text)
{
	bool any = false;

	while (proc_text_skip(text, " ") || proc_text_skip(text, "\t"))
		any = true;
	return any;
}

/* A tab comes before the number, and nothing else. */
static int add_lock_line(struct shown_lines *lines, struct proc_text text, struct proc_text whole)
{
	bool strange = !proc_text_skip(&text, "\t");

	strange |= skip_blanks(&text);
	return add_line(lines, text, strange ? whole : text, strange);
}

/* The text is kept: another one that says the same is as good. */
static int add_break(struct shown_lines *lines, struct proc_text text, struct proc_text whole)
{
	struct entry entry = { 0 };

	if (lines->nr == SHOWN_MAX)
		return -E2BIG;
	skip_blanks(&text);
	entry.is_line = !proc_break_parse(text, &entry.line.told);
	entry.line.is_told = entry.is_line;
	entry.strange = strndup(whole.at, proc_text_len(whole));
	if (!entry.strange || append(lines->entries, lines->nr, entry)) {
		free(entry.strange);
		return -ENOMEM;
	}
	return 0;
}

/* Behind the line of a lock: what looks like one of these elsewhere is a driver's. */
static int add_fdinfo_line(struct reading *reading, struct proc_text text, const struct shown_fd *fd)
{
	struct shown *shown = reading->shown;
	struct proc_text whole = text;

	if (proc_text_skip(&text, "lock:"))
		return add_lock_line(&shown->fdinfo, text, whole);
	if (shown->fdinfo.nr == fd->first)
		return 0;
	if (proc_text_skip(&text, "lease:"))
		return add_break(&shown->told, text, whole);
	if (proc_text_skip(&text, "blocked:"))
		return add_lock_line(&shown->requests, text, whole);
	return 0;
}

static int read_locks_of_fd(struct reading *reading, const struct shown_fd *fd)
{
	struct proc_text text;
	int err = 0, ret = 0;

	while (!err && (ret = proc_lines_next(reading->lines, &text)) > 0)
		err = add_fdinfo_line(reading, text, fd);
	/* A descriptor that was closed meanwhile. */
	return err ?: ret == -ENOMEM ? ret : 0;
}

static int read_fd(struct reading *reading, int dir, pid_t tgid, pid_t tid, int fd)
{
	struct shown *shown = reading->shown;
	struct shown_fd this = {
		.tgid = tgid,
		.tid = tid,
		.fd = fd,
		.first = shown->fdinfo.nr,
		.first_told = shown->told.nr,
		.first_request = shown->requests.nr,
	};
	char name[32];
	int err;

	snprintf(name, sizeof(name), "fdinfo/%d", fd);
	if (open_lines(reading, dir, name))
		return 0;
	shown->nr_descriptors++;
	err = read_locks_of_fd(reading, &this);
	proc_lines_close(reading->lines);
	this.nr = shown->fdinfo.nr - this.first;
	this.nr_told = shown->told.nr - this.first_told;
	this.nr_requests = shown->requests.nr - this.first_request;
	if (err || !this.nr)
		return err;
	return append(shown->fds, shown->nr_fds, this);
}

static bool is_fatal(int err)
{
	return err == -ENOMEM || err == -E2BIG;
}

static int read_table(struct reading *reading, int dir, pid_t tgid, pid_t tid)
{
	struct proc_numbers *numbers;
	int err = proc_numbers_open(&numbers, dir, "fdinfo"), fd;

	if (err == -EACCES || err == -EPERM)
		reading->shown->unreadable++;
	if (err)
		return is_fatal(err) ? err : 0;
	while (!err && (err = proc_numbers_next(numbers, &fd)) > 0)
		err = read_fd(reading, dir, tgid, tid, fd);
	proc_numbers_close(numbers);
	return is_fatal(err) ? err : 0;
}

static int open_dir(int at, const char *name)
{
	int dir = openat(at, name, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return dir < 0 ? -errno : dir;
}

/* Whether a thread's table is one of those of the threads before; if that cannot be told, it is. */
static bool shares_table(const pid_t *seen, size_t nr, pid_t tid)
{
	for (size_t i = 0; i < nr; i++) {
		if (syscall(SYS_kcmp, seen[i], tid, KCMP_FILES, 0, 0) <= 0)
			return true;
	}
	return false;
}

/* As the module has it, a table is that of the first thread that has it. */
static int read_threads(struct reading *reading, int dir, pid_t tgid)
{
	struct proc_pids threads = { 0 };
	int process = proc_open(tgid), task;
	int err = process < 0 ? 0 : proc_pids_threads(&threads, process);
	size_t nr = threads.nr > 0;
	char name[32];

	for (size_t i = 1; !is_fatal(err) && i < threads.nr; i++) {
		pid_t tid = threads.pids[i];

		if (shares_table(threads.pids, nr, tid))
			continue;
		threads.pids[nr++] = tid;
		snprintf(name, sizeof(name), "task/%d", tid);
		task = open_dir(dir, name);
		if (task < 0)
			continue;
		err = read_table(reading, task, tgid, tid);
		close(task);
	}
	proc_pids_free(&threads);
	if (process >= 0)
		close(process);
	return is_fatal(err) ? err : 0;
}

static int read_process(struct reading *reading, pid_t pid)
{
	char name[16];
	int dir, err;

	snprintf(name, sizeof(name), "%d", pid);
	dir = open_dir(reading->root, name);
	if (dir < 0)
		return 0;
	err = read_table(reading, dir, pid, pid) ?: read_threads(reading, dir, pid);
	close(dir);
	return err;
}

static int read_processes(struct reading *reading)
{
	struct proc_numbers *numbers;
	int err = proc_numbers_open(&numbers, reading->root, "."), pid;

	if (err)
		return err;
	while (!err && (err = proc_numbers_next(numbers, &pid)) > 0)
		err = read_process(reading, pid);
	proc_numbers_close(numbers);
	return err;
}

static int compare_fds(const void *x, const void *y)
{
	const struct shown_fd *a = x, *b = y;

	if (a->tid != b->tid)
		return a->tid < b->tid ? -1 : 1;
	return (a->fd > b->fd) - (a->fd < b->fd);
}

int shown_read(struct shown *shown, const char *root, bool live)
{
	struct reading reading = { .shown = shown };
	int err;

	*shown = (struct shown){ .live = live };
	reading.root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (reading.root < 0)
		return -errno;
	reading.lines = malloc(sizeof(*reading.lines));
	err = reading.lines ? read_locks(&reading) : -ENOMEM;
	err = err ?: read_processes(&reading);
	if (shown->nr_fds)
		qsort(shown->fds, shown->nr_fds, sizeof(*shown->fds), compare_fds);
	free(reading.lines);
	close(reading.root);
	return err;
}

static void free_lines(struct shown_lines *lines)
{
	for (size_t i = 0; i < lines->nr; i++)
		free(lines->entries[i].strange);
	free(lines->entries);
}

void shown_free(struct shown *shown)
{
	free_lines(&shown->locks);
	free_lines(&shown->fdinfo);
	free_lines(&shown->told);
	free_lines(&shown->requests);
	free(shown->fds);
	*shown = (struct shown){ 0 };
}

const struct entry *shown_break(const struct shown *shown, const struct shown_fd *fd, uint64_t nr)
{
	for (size_t i = 0; i < fd->nr_told; i++) {
		const struct entry *entry = &shown->told.entries[fd->first_told + i];

		if (entry->line.told.nr == nr)
			return entry;
	}
	return NULL;
}

const struct shown_fd *shown_find(const struct shown *shown, pid_t tid, int fd)
{
	struct shown_fd key = { .tid = tid, .fd = fd };

	if (!shown->nr_fds)
		return NULL;
	return bsearch(&key, shown->fds, shown->nr_fds, sizeof(key), compare_fds);
}
