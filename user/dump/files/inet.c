// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * TCP and UDP sockets that have no peer: listeners, and those that are not connected. Datagrams that wait in a
 * queue are lost, as they may always be.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "dump/files/kinds.h"
#include "dump/files/options.h"

struct inet_file {
	int family, type, protocol;
	uint32_t state, backlog;
	uint32_t port;
	uint32_t address[4]; /* as in the packets */
	Image__SkOptsEntry *options; /* owned */
	int v6only, freebind;
};

static const char *state_name(unsigned int state)
{
	static const char *const names[] = {
		[TCP_ESTABLISHED] = "established", [TCP_SYN_SENT] = "connecting",
		[TCP_SYN_RECV] = "being accepted", [TCP_FIN_WAIT1] = "closing",
		[TCP_FIN_WAIT2] = "closing",	   [TCP_TIME_WAIT] = "closed",
		[TCP_CLOSE] = "not connected",	   [TCP_CLOSE_WAIT] = "closed by the peer",
		[TCP_LAST_ACK] = "closing",	   [TCP_LISTEN] = "listening",
		[TCP_CLOSING] = "closing",
	};

	return state < sizeof(names) / sizeof(*names) && names[state] ? names[state] : "in an unknown state";
}

/* Addresses ---------------------------------------------------------------------------------------- */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* "10.0.0.1:22", "[::1]:22" */
static void format_address(char *text, size_t size, const union address *address)
{
	char host[INET6_ADDRSTRLEN] = "?";

	if (address->any.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof(host));
		snprintf(text, size, "[%s]:%u", host, ntohs(address->v6.sin6_port));
	} else {
		inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof(host));
		snprintf(text, size, "%s:%u", host, ntohs(address->v4.sin_port));
	}
}

static int read_address(struct inet_file *own, int fd, union address *address)
{
	socklen_t size = sizeof(*address);

	memset(address, 0, sizeof(*address));
	if (getsockname(fd, &address->any, &size))
		return -errno;
	if (own->family == AF_INET6) {
		own->port = ntohs(address->v6.sin6_port);
		memcpy(own->address, &address->v6.sin6_addr, sizeof(own->address));
	} else {
		own->port = ntohs(address->v4.sin_port);
		own->address[0] = address->v4.sin_addr.s_addr;
	}
	return 0;
}

/* A connected one is told with both ends. */
static bool is_connected(struct dump_files *files, const struct dump_file *file, int fd,
			 const union address *local)
{
	const struct inet_file *own = file->own;
	char from[64], to[64];
	union address peer = { 0 };
	socklen_t size = sizeof(peer);

	if (getpeername(fd, &peer.any, &size))
		return false;
	format_address(from, sizeof(from), local);
	format_address(to, sizeof(to), &peer);
	file_block(files, file, "%s %s - %s, %s: cannot be restored; close it first",
		   own->type == SOCK_STREAM ? "TCP connection" : "connected UDP socket", from, to,
		   own->type == SOCK_STREAM ? state_name(own->state) : "connected");
	return true;
}

/* State -------------------------------------------------------------------------------------------- */

/* Of a listener these counters of TCP are the backlog, and how many wait there. */
static int read_tcp(struct dump_files *files, struct dump_file *file, int fd, const union address *local)
{
	struct inet_file *own = file->own;
	socklen_t size = sizeof(struct tcp_info);
	struct tcp_info info = { 0 };
	char name[64];

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size))
		return -errno;
	own->state = info.tcpi_state;
	format_address(name, sizeof(name), local);
	if (own->state == TCP_LISTEN) {
		own->backlog = info.tcpi_sacked;
		if (info.tcpi_unacked)
			file_block(
				files, file,
				"TCP listener %s, with %u connections that were not accepted yet; let it accept them first",
				name, info.tcpi_unacked);
	} else if (!is_connected(files, file, fd, local) && own->state != TCP_CLOSE) {
		file_block(files, file, "TCP connection of %s, %s: cannot be restored; close it first", name,
			   state_name(own->state));
	}
	return 0;
}

static int read_own_options(struct inet_file *own, int fd)
{
	int value = 0, ret = options_number(fd, SOL_IP, IP_FREEBIND, &own->freebind);

	if (!ret && own->family == AF_INET6)
		ret = options_number(fd, SOL_IPV6, IPV6_V6ONLY, &own->v6only);
	if (ret || own->protocol != IPPROTO_TCP)
		return ret;
	ret = options_number(fd, SOL_TCP, TCP_KEEPCNT, &value);
	own->options->has_tcp_keepcnt = true;
	own->options->tcp_keepcnt = value;
	ret = ret ? ret : options_number(fd, SOL_TCP, TCP_KEEPIDLE, &value);
	own->options->has_tcp_keepidle = true;
	own->options->tcp_keepidle = value;
	ret = ret ? ret : options_number(fd, SOL_TCP, TCP_KEEPINTVL, &value);
	own->options->has_tcp_keepintvl = true;
	own->options->tcp_keepintvl = value;
	return ret;
}

static bool is_known(const struct inet_file *own)
{
	return (own->type == SOCK_STREAM && own->protocol == IPPROTO_TCP) ||
	       (own->type == SOCK_DGRAM && own->protocol == IPPROTO_UDP);
}

static int look(struct dump_files *files, struct dump_file *file, int fd)
{
	struct inet_file *own = file->own;
	union address local;
	int ret = options_number(fd, SOL_SOCKET, SO_DOMAIN, &own->family) ?:
		  options_number(fd, SOL_SOCKET, SO_TYPE, &own->type) ?:
		  options_number(fd, SOL_SOCKET, SO_PROTOCOL, &own->protocol) ?:
		  read_address(own, fd, &local);

	if (ret)
		return ret;
	if (!is_known(own)) {
		file_block(files, file, "%s: an internet socket of type %d and protocol %d", file->path,
			   own->type, own->protocol);
		return 0;
	}
	own->state = TCP_CLOSE;
	if (own->type == SOCK_STREAM)
		ret = read_tcp(files, file, fd, &local);
	else
		is_connected(files, file, fd, &local);
	if (!ret)
		ret = options_read(files, file, fd, &own->options);
	return ret ? ret : read_own_options(own, fd);
}

/* Writing ------------------------------------------------------------------------------------------ */

/* A socket that the kernel has in no table of its own belongs to no namespace, as CRIU tells it. */
static bool is_in_table(const struct inet_file *own)
{
	return own->type == SOCK_STREAM ? own->state == TCP_LISTEN : own->port != 0;
}

static void fill_in(Image__InetSkEntry *message, const struct dump_files *files, struct dump_file *file,
		    uint32_t *none)
{
	struct inet_file *own = file->own;
	size_t words = own->family == AF_INET6 ? 4 : 1;

	message->id = file->id;
	message->ino = file->stat.ino;
	message->family = own->family;
	message->type = own->type;
	message->proto = own->protocol;
	message->state = own->state;
	message->src_port = own->port;
	message->flags = file->flags;
	message->backlog = own->backlog;
	message->src_addr = own->address;
	message->n_src_addr = words;
	message->dst_addr = none;
	message->n_dst_addr = words;
	message->fown = &file->owner;
	message->opts = own->options;
	message->has_v6only = own->family == AF_INET6;
	message->v6only = own->v6only;
	message->has_ns_id = files->options.net_ns_id && is_in_table(own);
	message->ns_id = files->options.net_ns_id;
}

static int write_file(struct dump_files *files, struct dump_file *file)
{
	const struct inet_file *own = file->own;
	Image__FileEntry entry = IMAGE__FILE_ENTRY__INIT;
	Image__InetSkEntry message = IMAGE__INET_SK_ENTRY__INIT;
	Image__IpOptsEntry options = IMAGE__IP_OPTS_ENTRY__INIT;
	uint32_t none[4] = { 0 };

	fill_in(&message, files, file, none);
	options.has_freebind = own->freebind;
	options.freebind = own->freebind;
	message.ip_opts = &options;
	entry.isk = &message;
	return files_write_entry(files, file, &entry);
}

static void clear(struct dump_file *file)
{
	struct inet_file *own = file->own;

	options_free(own->options);
}

const struct file_kind file_kind_inet = {
	.type = IMAGE__FD_TYPES__INETSK,
	.size = sizeof(struct inet_file),
	.look = look,
	.write = write_file,
	.clear = clear,
};
