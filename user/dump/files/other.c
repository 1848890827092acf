// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All that cannot be dumped: it is named.
 */
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "dump/files/kinds.h"
#include "dump/files/options.h"

static const char *type_of(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "a file";
	case S_IFDIR:
		return "a directory";
	case S_IFLNK:
		return "a symbolic link";
	case S_IFIFO:
		return "a FIFO";
	case S_IFSOCK:
		return "a socket";
	default:
		return "a file of no known type";
	}
}

static const char *family_of(int fd)
{
	static const struct {
		int family;
		const char *name;
	} families[] = {
		{ AF_NETLINK, "a netlink socket" },    { AF_PACKET, "a packet socket" },
		{ AF_VSOCK, "a vsock socket" },	       { AF_XDP, "an XDP socket" },
		{ AF_ALG, "a crypto socket" },	       { AF_BLUETOOTH, "a bluetooth socket" },
		{ AF_TIPC, "a TIPC socket" },	       { AF_CAN, "a CAN socket" },
		{ AF_KEY, "a key management socket" },
	};
	int family = 0;

	options_number(fd, SOL_SOCKET, SO_DOMAIN, &family);
	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++) {
		if (families[i].family == family)
			return families[i].name;
	}
	return "a socket of an unknown family";
}

static int look(struct dump_files *files, struct dump_file *file, int fd)
{
	uint32_t mode = file->stat.mode;

	if (fd >= 0 && !strncmp(file->path, "socket:[", 8))
		file_block(files, file, "%s: %s", file->path, family_of(fd));
	else if (file->path[0] != '/')
		file_block(files, file, "%s", file->path);
	else if (S_ISCHR(mode) || S_ISBLK(mode))
		file_block(files, file, "%s: %s device %u:%u", file->path,
			   S_ISCHR(mode) ? "character" : "block", major(file->stat.rdev),
			   minor(file->stat.rdev));
	else
		file_block(files, file, "%s: %s of a filesystem that is not mounted for the process",
			   file->path, type_of(mode));
	return 0;
}

const struct file_kind file_kind_other = {
	.type = IMAGE__FD_TYPES__UND,
	.look = look,
};
