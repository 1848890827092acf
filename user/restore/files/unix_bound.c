// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What files are sockets bound to, by sock_diag(7): a name alone may be of another directory, or of a file that
 * was left.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "restore/files/unix.h"

static int take(const struct nlmsghdr *header, void *data)
{
	struct bound_files *bound = data;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, header, sizeof(struct unix_diag_msg)) {
		const struct unix_diag_vfs *vfs = mnl_attr_get_payload(attr);
		struct bound_file *file;

		if (mnl_attr_get_type(attr) != UNIX_DIAG_VFS || mnl_attr_get_payload_len(attr) < sizeof(*vfs))
			continue;
		file = files_append(&bound->files, &bound->nr, sizeof(*file));
		if (!file)
			return MNL_CB_ERROR;
		*file = (struct bound_file){ vfs->udiag_vfs_dev, vfs->udiag_vfs_ino };
	}
	return MNL_CB_OK;
}

static int ask(struct mnl_socket *netlink, struct bound_files *bound)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *header = mnl_nlmsg_put_header(buf);
	struct unix_diag_req *request;
	ssize_t n;
	int ret = MNL_CB_OK;

	header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	request = mnl_nlmsg_put_extra_header(header, sizeof(*request));
	request->sdiag_family = AF_UNIX;
	request->udiag_states = -1;
	request->udiag_show = UDIAG_SHOW_VFS;
	if (mnl_socket_sendto(netlink, header, header->nlmsg_len) < 0)
		return -errno;
	while (ret == MNL_CB_OK) {
		n = mnl_socket_recvfrom(netlink, buf, sizeof(buf));
		if (n < 0)
			return -errno;
		ret = mnl_cb_run(buf, n, 0, mnl_socket_get_portid(netlink), take, bound);
	}
	return ret < 0 ? -errno : 0;
}

int unix_bound_read(struct bound_files *bound)
{
	struct mnl_socket *netlink = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
	int ret;

	*bound = (struct bound_files){ 0 };
	if (!netlink)
		return -errno;
	ret = mnl_socket_bind(netlink, 0, MNL_SOCKET_AUTOPID) ? -errno : ask(netlink, bound);
	mnl_socket_close(netlink);
	return ret;
}

bool unix_bound_find(const struct bound_files *bound, int fd)
{
	struct stat stat;

	if (fstat(fd, &stat))
		return false;
	for (size_t i = 0; i < bound->nr; i++) {
		/* The device is that of the superblock, which stat(2) tells on most filesystems. */
		if (bound->files[i].inode == (uint32_t)stat.st_ino &&
		    bound->files[i].device == (uint32_t)(major(stat.st_dev) << 20 | minor(stat.st_dev)))
			return true;
	}
	return false;
}
