// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "freezer.h"

static bool write_to(const struct freezer *freezer, const char *name, const char *text)
{
	char path[256];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", freezer->group, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = write(fd, text, strlen(text));
	close(fd);
	return n == (ssize_t)strlen(text);
}

static bool says(const struct freezer *freezer, const char *name, const char *word)
{
	char path[256], text[256];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", freezer->group, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return strstr(text, word) != NULL;
}

bool freezer_make(struct freezer *freezer, int version)
{
	char cwd[64], root[96];

	freezer->version = version;
	if (!getcwd(cwd, sizeof(cwd)))
		return false;
	snprintf(root, sizeof(root), "%s/cgroup%d", cwd, version);
	snprintf(freezer->group, sizeof(freezer->group), "%s/crlock-test-%d", root, getpid());
	if (mkdir(root, 0755) ||
	    mount("none", root, version == 1 ? "cgroup" : "cgroup2", 0, version == 1 ? "freezer" : NULL))
		return false;
	return !mkdir(freezer->group, 0755);
}

bool freezer_freeze(const struct freezer *freezer, pid_t tgid)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", tgid);
	if (!write_to(freezer, "cgroup.procs", number))
		return false;
	if (freezer->version == 1)
		return write_to(freezer, "freezer.state", "FROZEN") &&
		       until(says(freezer, "freezer.state", "FROZEN"));
	return write_to(freezer, "cgroup.freeze", "1") && until(says(freezer, "cgroup.events", "frozen 1"));
}

bool freezer_thaw(const struct freezer *freezer)
{
	return freezer->version == 1 ? write_to(freezer, "freezer.state", "THAWED")
				     : write_to(freezer, "cgroup.freeze", "0");
}

void freezer_remove(const struct freezer *freezer)
{
	if (freezer->group[0])
		until(!rmdir(freezer->group) || access(freezer->group, F_OK));
}
