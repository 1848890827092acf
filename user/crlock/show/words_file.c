// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Of open files.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "crlock/show/words.h"

/* The kernel's O_LARGEFILE, which every file has on 64 bits, and is 0 to the C library. */
#define LARGEFILE 0100000

const char *words_kind(const Image__FileEntry *entry, char room[32])
{
	const ProtobufCEnumValue *known =
		protobuf_c_enum_descriptor_get_value(&image__fd_types__descriptor, entry->type);

	if (known)
		return known->name;
	snprintf(room, 32, "kind %d", (int)entry->type);
	return room;
}

void words_open_flags(struct lock_buffer *text, const struct shown_file *file)
{
	static const struct {
		uint32_t bits;
		const char *word;
	} flags[] = {
		{ O_APPEND, "append" },	  { O_NONBLOCK, "nonblock" },	{ O_SYNC, "sync" },
		{ O_DSYNC, "dsync" },	  { O_ASYNC, "async" },		{ O_DIRECT, "direct" },
		{ O_TMPFILE, "tmpfile" }, { O_DIRECTORY, "directory" }, { O_NOFOLLOW, "nofollow" },
		{ O_NOATIME, "noatime" },
	};
	static const char *const access[] = { "r", "w", "rw", "none" };
	uint32_t left = file->flags & ~(uint32_t)(O_ACCMODE | O_PATH | LARGEFILE | O_CLOEXEC);

	if (!file->has_flags)
		return;
	lock_buffer_add(text, file->flags & O_PATH ? "path" : access[file->flags & O_ACCMODE]);
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		if ((left & flags[i].bits) == flags[i].bits) {
			lock_buffer_format(text, ",%s", flags[i].word);
			left &= ~flags[i].bits;
		}
	}
	if (left)
		lock_buffer_format(text, ",0%" PRIo32, left);
}

static void add_path(struct lock_buffer *text, const struct shown_file *file)
{
	lock_buffer_add(text, file->entry->reg->name);
	if (file->deleted)
		lock_buffer_add(text, " (deleted)");
}

/* Of what has a path in another record. */
static void add_path_of(struct lock_buffer *text, const struct shown_files *files, bool has, uint32_t id)
{
	const struct shown_file *file = has ? shown_files_find(files, id) : NULL;

	if (file && file->entry->reg) {
		add_path(text, file);
		lock_buffer_add(text, " ");
	}
}

/* Of a socket: SOCK_* and TCP_*, which sockets of other families have too. */
static const char *type_name(uint32_t type)
{
	static const char *const names[] = { [SOCK_STREAM] = "stream",
					     [SOCK_DGRAM] = "dgram",
					     [SOCK_RAW] = "raw",
					     [SOCK_SEQPACKET] = "seqpacket" };

	return type < sizeof(names) / sizeof(*names) && names[type] ? names[type] : "?";
}

static const char *state_name(uint32_t state)
{
	static const char *const names[] = {
		[TCP_ESTABLISHED] = "ESTABLISHED",
		[TCP_SYN_SENT] = "SYN_SENT",
		[TCP_SYN_RECV] = "SYN_RECV",
		[TCP_FIN_WAIT1] = "FIN_WAIT1",
		[TCP_FIN_WAIT2] = "FIN_WAIT2",
		[TCP_TIME_WAIT] = "TIME_WAIT",
		[TCP_CLOSE] = "CLOSE",
		[TCP_CLOSE_WAIT] = "CLOSE_WAIT",
		[TCP_LAST_ACK] = "LAST_ACK",
		[TCP_LISTEN] = "LISTEN",
		[TCP_CLOSING] = "CLOSING",
	};

	return state < sizeof(names) / sizeof(*names) && names[state] ? names[state] : "?";
}

/* Names of the abstract kind begin with a NUL, and may have more. */
static void add_unix_name(struct lock_buffer *text, const ProtobufCBinaryData *name)
{
	size_t len = name->len;

	/* That of a path ends with one. */
	while (len && name->data[0] && !name->data[len - 1])
		len--;
	for (size_t i = 0; i < len; i++) {
		const char byte[] = { name->data[i] ? name->data[i] : '@', '\0' };

		lock_buffer_add(text, byte);
	}
}

static void add_unix(struct lock_buffer *text, const Image__UnixSkEntry *socket)
{
	lock_buffer_format(text, "socket:[%" PRIu32 "] %s %s", socket->ino, type_name(socket->type),
			   state_name(socket->state));
	if (socket->peer)
		lock_buffer_format(text, " to socket:[%" PRIu32 "]", socket->peer);
	if (socket->name.len) {
		lock_buffer_add(text, " ");
		add_unix_name(text, &socket->name);
	}
}

static void add_address(struct lock_buffer *text, uint32_t family, const uint32_t *words, size_t nr,
			uint32_t port)
{
	char address[INET6_ADDRSTRLEN] = "?";

	if (nr >= (family == AF_INET6 ? 4 : 1))
		inet_ntop(family == AF_INET6 ? AF_INET6 : AF_INET, words, address, sizeof(address));
	lock_buffer_format(text, family == AF_INET6 ? " [%s]:%" PRIu32 : " %s:%" PRIu32, address, port);
}

static const char *protocol_name(uint32_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_UDPLITE:
		return "udplite";
	default:
		return "inet";
	}
}

static void add_inet(struct lock_buffer *text, const Image__InetSkEntry *socket)
{
	lock_buffer_add(text, protocol_name(socket->proto));
	add_address(text, socket->family, socket->src_addr, socket->n_src_addr, socket->src_port);
	if (socket->dst_port) {
		lock_buffer_add(text, " to");
		add_address(text, socket->family, socket->dst_addr, socket->n_dst_addr, socket->dst_port);
	}
	lock_buffer_format(text, " %s", state_name(socket->state));
}

static void add_targets(struct lock_buffer *text, const Image__EventpollFileEntry *set)
{
	lock_buffer_add(text, "watches");
	for (size_t i = 0; i < set->n_tfd; i++)
		lock_buffer_format(text, "%s%" PRIu32, i ? "," : " ", set->tfd[i]->tfd);
	if (!set->n_tfd)
		lock_buffer_add(text, " nothing");
}

static void add_timer(struct lock_buffer *text, const Image__TimerfdEntry *timer)
{
	lock_buffer_format(text, "clock %" PRIu32 ", %" PRIu64 " ticks", timer->clockid, timer->ticks);
	if (timer->vsec || timer->vnsec)
		lock_buffer_format(text, ", %" PRIu64 ".%09" PRIu64 " s left", timer->vsec, timer->vnsec);
	if (timer->isec || timer->insec)
		lock_buffer_format(text, ", every %" PRIu64 ".%09" PRIu64 " s", timer->isec, timer->insec);
}

static void add_memfd(struct lock_buffer *text, const struct shown_files *files,
		      const struct shown_file *file)
{
	const Image__MemfdInodeEntry *memfd = shown_files_memfd(files, file);

	if (memfd)
		lock_buffer_format(text, "memfd:%s", memfd->name);
	else
		lock_buffer_format(text, "memfd %" PRIu32 ", which is not recorded",
				   file->entry->memfd->inode_id);
}

void words_file(struct lock_buffer *text, const struct shown_files *files, const struct shown_file *file)
{
	const Image__FileEntry *entry = file->entry;

	switch (entry->type) {
	case IMAGE__FD_TYPES__REG:
		add_path(text, file);
		break;
	case IMAGE__FD_TYPES__PIPE:
		lock_buffer_format(text, "pipe:[%" PRIu32 "]", entry->pipe->pipe_id);
		break;
	case IMAGE__FD_TYPES__FIFO:
		add_path_of(text, files, entry->fifo->has_regf_id, entry->fifo->regf_id);
		lock_buffer_format(text, "fifo:[%" PRIu32 "]", entry->fifo->pipe_id);
		break;
	case IMAGE__FD_TYPES__INETSK:
		add_inet(text, entry->isk);
		break;
	case IMAGE__FD_TYPES__UNIXSK:
		add_unix(text, entry->usk);
		break;
	case IMAGE__FD_TYPES__EVENTFD:
		lock_buffer_format(text, "count %" PRIu64, entry->efd->counter);
		break;
	case IMAGE__FD_TYPES__EVENTPOLL:
		add_targets(text, entry->epfd);
		break;
	case IMAGE__FD_TYPES__INOTIFY:
		lock_buffer_format(text, "%zu watches", entry->ify->n_wd);
		break;
	case IMAGE__FD_TYPES__SIGNALFD:
		lock_buffer_format(text, "signals %016" PRIx64, entry->sgfd->sigmask);
		break;
	case IMAGE__FD_TYPES__TIMERFD:
		add_timer(text, entry->tfd);
		break;
	case IMAGE__FD_TYPES__TTY:
		add_path_of(text, files, entry->tty->has_regf_id, entry->tty->regf_id);
		lock_buffer_format(text, "terminal %" PRIu32, entry->tty->tty_info_id);
		break;
	case IMAGE__FD_TYPES__MEMFD:
		add_memfd(text, files, file);
		break;
	default:
		break;
	}
}
