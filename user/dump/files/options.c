// SPDX-License-Identifier: GPL-2.0-or-later
#include <assert.h>
#include <errno.h>
#include <linux/filter.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "dump/files/options.h"

#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK 72
#endif

int options_number(int fd, int level, int name, int *value)
{
	socklen_t size = sizeof(*value);

	*value = 0;
	return getsockopt(fd, level, name, value, &size) ? -errno : 0;
}

struct number {
	size_t has, value; /* where they are in the message; has: 0: it is required */
	int name;
	bool flag;
};

#define REQUIRED(option, field) \
	{ \
		0, offsetof(Image__SkOptsEntry, field), option, false \
	}
#define NUMBER(option, field) \
	{ \
		offsetof(Image__SkOptsEntry, has_##field), offsetof(Image__SkOptsEntry, field), option, \
			false \
	}
#define FLAG(option, field) \
	{ \
		offsetof(Image__SkOptsEntry, has_##field), offsetof(Image__SkOptsEntry, field), option, true \
	}

static const struct number numbers[] = {
	REQUIRED(SO_SNDBUF, so_sndbuf),	  REQUIRED(SO_RCVBUF, so_rcvbuf),
	FLAG(SO_REUSEADDR, reuseaddr),	  NUMBER(SO_PRIORITY, so_priority),
	NUMBER(SO_RCVLOWAT, so_rcvlowat), NUMBER(SO_MARK, so_mark),
	FLAG(SO_PASSCRED, so_passcred),	  FLAG(SO_PASSSEC, so_passsec),
	FLAG(SO_DONTROUTE, so_dontroute), FLAG(SO_NO_CHECK, so_no_check),
	FLAG(SO_REUSEPORT, so_reuseport), FLAG(SO_BROADCAST, so_broadcast),
	FLAG(SO_KEEPALIVE, so_keepalive), NUMBER(SO_OOBINLINE, so_oobinline),
	NUMBER(SO_BUF_LOCK, so_buf_lock),
};

/* Names of some are not known to every family. */
static int read_numbers(int fd, Image__SkOptsEntry *options)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		const struct number *number = &numbers[i];
		char *message = (char *)options;
		int value, ret = options_number(fd, SOL_SOCKET, number->name, &value);

		if (ret == -ENOPROTOOPT || ret == -EOPNOTSUPP)
			continue;
		if (ret)
			return ret;
		if (number->has)
			*(protobuf_c_boolean *)(message + number->has) = true;
		if (number->flag)
			*(protobuf_c_boolean *)(message + number->value) = value != 0;
		else
			*(uint32_t *)(message + number->value) = value;
	}
	return 0;
}

static int read_times(int fd, Image__SkOptsEntry *options)
{
	struct timeval send, receive;
	socklen_t size = sizeof(send);

	if (getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &send, &size))
		return -errno;
	size = sizeof(receive);
	if (getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &receive, &size))
		return -errno;
	options->so_snd_tmo_sec = send.tv_sec;
	options->so_snd_tmo_usec = send.tv_usec;
	options->so_rcv_tmo_sec = receive.tv_sec;
	options->so_rcv_tmo_usec = receive.tv_usec;
	return 0;
}

static int read_linger(int fd, Image__SkOptsEntry *options)
{
	struct linger linger;
	socklen_t size = sizeof(linger);

	if (getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &size))
		return -errno;
	if (linger.l_onoff) {
		options->has_so_linger = true;
		options->so_linger = linger.l_linger;
	}
	return 0;
}

static int read_device(int fd, Image__SkOptsEntry *options)
{
	char name[IFNAMSIZ] = "";
	socklen_t size = sizeof(name);

	/* A kernel without network devices does not know the name. */
	if (getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &size))
		return errno == ENOPROTOOPT ? 0 : -errno;
	if (size && *name)
		options->so_bound_dev = strndup(name, sizeof(name));
	return size && *name && !options->so_bound_dev ? -ENOMEM : 0;
}

/* Filters that were attached as programs of BPF cannot be read. */
static int read_filter(struct dump_files *files, const struct dump_file *file, int fd,
		       Image__SkOptsEntry *options)
{
	socklen_t nr = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, NULL, &nr)) {
		if (errno != EACCES)
			return -errno;
		file_block(files, file, "a socket with a filter that is a BPF program");
		return 0;
	}
	if (!nr)
		return 0;
	static_assert(sizeof(*options->so_filter) == sizeof(struct sock_filter),
		      "an instruction is eight bytes");
	options->so_filter = calloc(nr, sizeof(*options->so_filter));
	if (!options->so_filter)
		return -ENOMEM;
	if (getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, options->so_filter, &nr))
		return -errno;
	options->n_so_filter = nr;
	return 0;
}

int options_read(struct dump_files *files, const struct dump_file *file, int fd, Image__SkOptsEntry **out)
{
	Image__SkOptsEntry *options = malloc(sizeof(*options));

	if (!options)
		return -ENOMEM;
	image__sk_opts_entry__init(options);
	*out = options;
	return read_numbers(fd, options) ?: read_times(fd, options) ?: read_linger(fd, options) ?:
	       read_device(fd, options) ?: read_filter(files, file, fd, options);
}

void options_free(Image__SkOptsEntry *options)
{
	if (!options)
		return;
	free(options->so_bound_dev);
	free(options->so_filter);
	free(options);
}
