// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sockets of TCP and UDP, IPv4 and IPv6: such as listen, or are bound, or are new; UDP also connected, for that is
 * no more than a default address. A connection of TCP has a peer that would have to agree, and is refused.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "restore/files/inherit.h"
#include "restore/files/socket_options.h"

/* States, as of TCP. */
enum {
	STATE_ESTABLISHED = 1,
	STATE_CLOSE = 7,
	STATE_LISTEN = 10,
};

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static size_t words_of(const Image__InetSkEntry *isk)
{
	return isk->family == AF_INET ? 1 : 4;
}

static bool describe(struct restored_file *file)
{
	const Image__InetSkEntry *isk = file->entry->isk;

	if (!isk || isk->id != file->id || (isk->family != AF_INET && isk->family != AF_INET6))
		return false;
	if (isk->n_src_addr != words_of(isk) || isk->n_dst_addr != words_of(isk) ||
	    isk->src_port > UINT16_MAX || isk->dst_port > UINT16_MAX ||
	    (isk->ifname && strlen(isk->ifname) >= IFNAMSIZ) || !socket_options_are_sound(isk->opts))
		return false;
	file->flags = isk->flags;
	file->fown = isk->fown;
	return true;
}

static bool is_tcp(const Image__InetSkEntry *isk)
{
	return isk->type == SOCK_STREAM && isk->proto == IPPROTO_TCP;
}

static bool is_udp(const Image__InetSkEntry *isk)
{
	return isk->type == SOCK_DGRAM && isk->proto == IPPROTO_UDP;
}

static socklen_t make_address(union address *address, const Image__InetSkEntry *isk, const uint32_t *words,
			      uint32_t port)
{
	*address = (union address){ 0 };
	if (isk->family == AF_INET) {
		address->v4.sin_family = AF_INET;
		address->v4.sin_port = htons(port);
		memcpy(&address->v4.sin_addr, words, sizeof(address->v4.sin_addr));
		return sizeof(address->v4);
	}
	address->v6.sin6_family = AF_INET6;
	address->v6.sin6_port = htons(port);
	memcpy(&address->v6.sin6_addr, words, sizeof(address->v6.sin6_addr));
	if (isk->ifname && IN6_IS_ADDR_LINKLOCAL(&address->v6.sin6_addr))
		address->v6.sin6_scope_id = if_nametoindex(isk->ifname);
	return sizeof(address->v6);
}

/* Why it is not restored, NULL: it is. */
static const char *find_reason(const Image__InetSkEntry *isk)
{
	if (!is_tcp(isk) && !is_udp(isk))
		return "is of a protocol that is not restored";
	if (is_tcp(isk) && isk->state != STATE_LISTEN && isk->state != STATE_CLOSE)
		return "is a TCP connection: these are not restored";
	return NULL;
}

static const char *name(const Image__InetSkEntry *isk)
{
	static char text[INET6_ADDRSTRLEN + 64];
	char address[INET6_ADDRSTRLEN] = "?";

	inet_ntop(isk->family, isk->src_addr, address, sizeof(address));
	snprintf(text, sizeof(text), isk->family == AF_INET ? "%s socket %s:%u" : "%s socket [%s]:%u",
		 is_tcp(isk) ? "TCP" : "UDP", address, isk->src_port);
	return text;
}

static bool is_bound(const Image__InetSkEntry *isk)
{
	static const uint32_t any[4];

	return isk->src_port || memcmp(isk->src_addr, any, words_of(isk) * sizeof(*any));
}

/* What must be set before the address. */
static int set_options(int fd, const Image__InetSkEntry *isk)
{
	int ret = 0;

	if (isk->family == AF_INET6 && isk->has_v6only)
		ret = socket_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, isk->v6only);
	if (!ret && isk->ip_opts && isk->ip_opts->has_freebind)
		ret = socket_set(fd, IPPROTO_IP, IP_FREEBIND, isk->ip_opts->freebind);
	return ret ?: socket_options_set(fd, isk->opts);
}

static int bind_address(int fd, const Image__InetSkEntry *isk)
{
	union address address;
	socklen_t size = make_address(&address, isk, isk->src_addr, isk->src_port);
	int ret = 0;

	/* What is left of the connections of the dumped program is not to be in the way. */
	if (is_tcp(isk))
		ret = socket_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (!ret && bind(fd, &address.any, size))
		ret = -errno;
	if (!ret && is_tcp(isk))
		ret = socket_set(fd, SOL_SOCKET, SO_REUSEADDR, isk->opts->reuseaddr);
	return ret;
}

static int connect_address(int fd, const Image__InetSkEntry *isk)
{
	union address address;
	socklen_t size = make_address(&address, isk, isk->dst_addr, isk->dst_port);

	return connect(fd, &address.any, size) ? -errno : 0;
}

/* Returns: a descriptor or -errno. */
static int make_bound(const Image__InetSkEntry *isk)
{
	int fd = socket(isk->family, isk->type | SOCK_CLOEXEC | SOCK_NONBLOCK, isk->proto), ret;

	if (fd < 0)
		return -errno;
	ret = set_options(fd, isk);
	if (!ret && is_bound(isk))
		ret = bind_address(fd, isk);
	if (ret) {
		close(fd);
		return ret;
	}
	return fd;
}

static int make(const Image__InetSkEntry *isk, uint32_t flags)
{
	int fd = make_bound(isk), ret = 0;

	if (fd < 0)
		return fd;
	if (isk->state == STATE_LISTEN && listen(fd, isk->backlog))
		ret = -errno;
	else if (isk->state == STATE_ESTABLISHED)
		ret = connect_address(fd, isk);
	/* 1, 2 and 3 are SHUT_RD, SHUT_WR and SHUT_RDWR. */
	if (!ret && isk->shutdown && shutdown(fd, isk->shutdown - 1) && errno != ENOTCONN)
		ret = -errno;
	ret = ret ?: socket_buffers_set(fd, isk->opts);
	ret = ret ?: files_set_flags(fd, flags);
	if (ret) {
		close(fd);
		return ret;
	}
	return fd;
}

static int find_inherited(const struct restore_files *files, const Image__InetSkEntry *isk)
{
	char key[64];

	snprintf(key, sizeof(key), "socket:[%u]", isk->ino);
	return inherit_find(files, key);
}

/* With a socket that is bound for a moment. */
static void check(struct restore_files *files, struct restored_file *file, struct obstacles *obstacles)
{
	const Image__InetSkEntry *isk = file->entry->isk;
	const char *why = find_reason(isk);
	int fd;

	if (find_inherited(files, isk) >= 0)
		return;
	if (why) {
		obstacle(obstacles, name(isk), "%s", why);
		return;
	}
	fd = make_bound(isk);
	if (fd < 0)
		obstacle(obstacles, name(isk), "%s", strerror(-fd));
	else
		close(fd);
}

static int open_socket(struct restore_files *files, struct restored_file *file,
		       const struct image_error *error)
{
	const Image__InetSkEntry *isk = file->entry->isk;
	const char *why = find_reason(isk);
	int inherited = find_inherited(files, isk), fd;

	if (inherited >= 0)
		return inherit_take(files, file, inherited, error);
	if (why)
		return image_error(error, -EOPNOTSUPP, name(isk), "%s", why);
	fd = make(isk, file->flags);
	if (fd < 0)
		return image_error(error, fd, name(isk), "%s", strerror(-fd));
	return files_keep(files, file, fd, error);
}

const struct file_kind inet_kind = {
	.name = "socket",
	.describe = describe,
	.check = check,
	.open = open_socket,
};
