// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "image/hold.h"

/* A path of any length would not fit into the address. */
static struct sockaddr_un address(int dir)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" IMAGE_HOLD, dir);
	return address;
}

static int fail(int fd)
{
	int error = -errno;

	close(fd);
	return error;
}

int hold_listen(int dir)
{
	struct sockaddr_un at = address(dir);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	/* Before it is bound nobody can connect, and after that only with this mode. */
	if (fchmod(fd, 0600) || bind(fd, (struct sockaddr *)&at, sizeof(at)))
		return fail(fd);
	if (listen(fd, 1)) {
		int ret = fail(fd);

		unlinkat(dir, IMAGE_HOLD, 0);
		return ret;
	}
	return fd;
}

static bool is_trusted(int connection)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return !getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) &&
	       (!peer.uid || peer.uid == geteuid());
}

/* A link in its place could lead to any program of root's, which would be waited for. */
static int connect_at(int fd, int dir)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int path = openat(dir, IMAGE_HOLD, O_PATH | O_NOFOLLOW | O_CLOEXEC), ret;

	if (path < 0)
		return -1;
	snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d", path);
	ret = connect(fd, (struct sockaddr *)&at, sizeof(at));
	close(path);
	return ret;
}

int hold_connect(int dir)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (connect_at(fd, dir))
		return fail(fd);
	errno = EPERM;
	return is_trusted(fd) ? fd : fail(fd);
}

union control {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

int hold_send(int connection, struct hold_name name, int fd)
{
	union control control = { 0 };
	struct iovec data = { &name, sizeof(name) };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };
	struct cmsghdr *header;

	if (fd >= 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	}
	return sendmsg(connection, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int hold_receive(int connection, struct hold_name *name, int *fd)
{
	union control control;
	struct iovec data = { name, sizeof(*name) };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *header;
	ssize_t size = recvmsg(connection, &message, MSG_CMSG_CLOEXEC);

	*fd = -1;
	if (size < 0)
		return -errno;
	header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
	    header->cmsg_len == CMSG_LEN(sizeof(*fd)))
		memcpy(fd, CMSG_DATA(header), sizeof(*fd));
	if (size == sizeof(*name) && !(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) &&
	    (*fd >= 0) == (name->pid > 0))
		return name->pid > 0;
	if (*fd >= 0)
		close(*fd);
	return -EPROTO;
}

void hold_arrived(int connection)
{
	char byte = 0;

	if (send(connection, &byte, sizeof(byte), MSG_NOSIGNAL) == sizeof(byte))
		(void)!recv(connection, &byte, sizeof(byte), 0);
}

bool hold_await(int connection)
{
	char byte;

	return recv(connection, &byte, sizeof(byte), 0) == sizeof(byte);
}
