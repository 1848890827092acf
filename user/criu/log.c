// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "criu/log.h"

void log_write(const char *path, const char *line)
{
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600)
		      : -1;

	if (fd < 0)
		return;
	dprintf(fd, "crlock-criu: %s\n", line);
	close(fd);
}

/* Of the end of a file. */
static size_t read_end(const char *path, char *text, size_t size)
{
	int fd = path ? open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
	off_t end = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
	ssize_t len = 0;

	if (end > 0)
		len = pread(fd, text, size, end > (off_t)size ? end - (off_t)size : 0);
	if (fd >= 0)
		close(fd);
	return len > 0 ? len : 0;
}

void log_last_line(const char *path, char *line, size_t size)
{
	size_t len = read_end(path, line, size - 1);
	char *newline;

	while (len && line[len - 1] == '\n')
		len--;
	line[len] = '\0';
	newline = strrchr(line, '\n');
	if (newline)
		memmove(line, newline + 1, strlen(newline + 1) + 1);
}
