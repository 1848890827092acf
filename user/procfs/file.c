// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "procfs/file.h"

int proc_open(pid_t pid)
{
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "/proc/%d", pid);
	fd = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

bool proc_is_ours(void)
{
	char self[32], number[32];

	snprintf(number, sizeof(number), "%d", getpid());
	/* Without any /proc, there is more to say than this. */
	return proc_link(AT_FDCWD, "/proc/self", self, sizeof(self)) < 0 || !strcmp(self, number);
}

static ssize_t read_some(int fd, char *buf, size_t size)
{
	ssize_t len;

	do {
		len = read(fd, buf, size);
	} while (len < 0 && errno == EINTR);
	return len < 0 ? -errno : len;
}

ssize_t proc_read(int dir, const char *name, char *buf, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t got = 1;

	if (fd < 0)
		return -errno;
	while (len < size - 1 && got > 0) {
		got = read_some(fd, buf + len, size - 1 - len);
		len += got > 0 ? got : 0;
	}
	close(fd);
	buf[len] = '\0';
	return got < 0 ? got : (ssize_t)len;
}

ssize_t proc_link(int dir, const char *name, char *buf, size_t size)
{
	ssize_t len = readlinkat(dir, name, buf, size);

	if (len < 0)
		return -errno;
	if ((size_t)len == size)
		return -ENAMETOOLONG;
	buf[len] = '\0';
	return len;
}

int proc_lines_open(struct proc_lines *lines, int dir, const char *name)
{
	lines->start = 0;
	lines->end = 0;
	lines->eof = false;
	lines->cut = false;
	lines->fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	return lines->fd < 0 ? -errno : 0;
}

/* Reads more behind what is there. Returns: 0 or a negative errno value. */
static int fill(struct proc_lines *lines)
{
	ssize_t len;

	memmove(lines->buf, lines->buf + lines->start, lines->end - lines->start);
	lines->end -= lines->start;
	lines->start = 0;
	len = read_some(lines->fd, lines->buf + lines->end, sizeof(lines->buf) - lines->end);
	if (len < 0)
		return len;
	lines->end += len;
	lines->eof = !len;
	return 0;
}

/* Drops what is left of a line that was cut. */
static int drop_rest(struct proc_lines *lines)
{
	int err;

	for (;;) {
		char *from = lines->buf + lines->start;
		char *newline = memchr(from, '\n', lines->end - lines->start);

		if (newline) {
			lines->start = newline + 1 - lines->buf;
			return 0;
		}
		lines->start = lines->end;
		if (lines->eof)
			return 0;
		err = fill(lines);
		if (err)
			return err;
	}
}

int proc_lines_next(struct proc_lines *lines, struct proc_text *line)
{
	int err = lines->cut ? drop_rest(lines) : 0;

	lines->cut = false;
	while (!err) {
		size_t len = lines->end - lines->start;
		char *from = lines->buf + lines->start;
		char *newline = memchr(from, '\n', len);

		if (newline) {
			*line = proc_text(from, newline - from);
			lines->start = newline + 1 - lines->buf;
			return 1;
		}
		if (lines->eof || len == sizeof(lines->buf)) {
			*line = proc_text(from, len);
			lines->start = lines->end;
			lines->cut = !lines->eof;
			return len > 0;
		}
		err = fill(lines);
	}
	return err;
}

void proc_lines_close(struct proc_lines *lines)
{
	close(lines->fd);
	lines->fd = -1;
}

int proc_numbers_open(struct proc_numbers **out, int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	int err = -errno;

	if (!stream && fd >= 0)
		close(fd);
	*out = (struct proc_numbers *)stream;
	return stream ? 0 : err;
}

int proc_numbers_next(struct proc_numbers *numbers, int *number)
{
	struct dirent *entry;
	uint64_t value;

	errno = 0;
	while ((entry = readdir((DIR *)numbers))) {
		struct proc_text name = proc_text(entry->d_name, strlen(entry->d_name));

		if (proc_text_unsigned(name, 10, INT_MAX, &value)) {
			*number = value;
			return 1;
		}
	}
	return -errno;
}

void proc_numbers_close(struct proc_numbers *numbers)
{
	closedir((DIR *)numbers);
}
