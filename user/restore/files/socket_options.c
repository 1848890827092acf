// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/time.h>

#include "restore/files/socket_options.h"

#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK 72
#endif

int socket_set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) ? -errno : 0;
}

bool socket_options_are_sound(const Image__SkOptsEntry *options)
{
	return options->so_sndbuf <= INT_MAX && options->so_rcvbuf <= INT_MAX &&
	       options->so_snd_tmo_usec < 1000000 && options->so_rcv_tmo_usec < 1000000 &&
	       options->so_snd_tmo_sec <= LONG_MAX && options->so_rcv_tmo_sec <= LONG_MAX &&
	       options->n_so_filter <= BPF_MAXINSNS &&
	       (!options->so_bound_dev || strlen(options->so_bound_dev) < IFNAMSIZ);
}

static int set_timeout(int fd, int name, uint64_t sec, uint64_t usec)
{
	struct timeval timeout = { sec, usec };

	if (!sec && !usec)
		return 0;
	return setsockopt(fd, SOL_SOCKET, name, &timeout, sizeof(timeout)) ? -errno : 0;
}

/* Most are as they are in a new socket, and are left alone then. */
static int set_numbers(int fd, const Image__SkOptsEntry *options)
{
	const struct {
		int level, name;
		protobuf_c_boolean has;
		uint32_t value;
	} numbers[] = {
		{ SOL_SOCKET, SO_REUSEADDR, options->has_reuseaddr, options->reuseaddr },
		{ SOL_SOCKET, SO_REUSEPORT, options->has_so_reuseport, options->so_reuseport },
		{ SOL_SOCKET, SO_PRIORITY, options->has_so_priority, options->so_priority },
		{ SOL_SOCKET, SO_RCVLOWAT, options->has_so_rcvlowat, options->so_rcvlowat },
		{ SOL_SOCKET, SO_MARK, options->has_so_mark, options->so_mark },
		{ SOL_SOCKET, SO_PASSCRED, options->has_so_passcred, options->so_passcred },
		{ SOL_SOCKET, SO_PASSSEC, options->has_so_passsec, options->so_passsec },
		{ SOL_SOCKET, SO_DONTROUTE, options->has_so_dontroute, options->so_dontroute },
		{ SOL_SOCKET, SO_NO_CHECK, options->has_so_no_check, options->so_no_check },
		{ SOL_SOCKET, SO_BROADCAST, options->has_so_broadcast, options->so_broadcast },
		{ SOL_SOCKET, SO_KEEPALIVE, options->has_so_keepalive, options->so_keepalive },
		{ SOL_SOCKET, SO_OOBINLINE, options->has_so_oobinline, options->so_oobinline },
		{ IPPROTO_TCP, TCP_KEEPCNT, options->has_tcp_keepcnt, options->tcp_keepcnt },
		{ IPPROTO_TCP, TCP_KEEPIDLE, options->has_tcp_keepidle, options->tcp_keepidle },
		{ IPPROTO_TCP, TCP_KEEPINTVL, options->has_tcp_keepintvl, options->tcp_keepintvl },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		uint32_t now = 0;
		socklen_t size = sizeof(now);
		int ret;

		if (!numbers[i].has)
			continue;
		/* What the family does not have is 0. */
		getsockopt(fd, numbers[i].level, numbers[i].name, &now, &size);
		if (now == numbers[i].value)
			continue;
		ret = socket_set(fd, numbers[i].level, numbers[i].name, numbers[i].value);
		if (ret)
			return ret;
	}
	return 0;
}

static int set_linger(int fd, const Image__SkOptsEntry *options)
{
	struct linger linger = { 1, options->so_linger };

	if (!options->has_so_linger)
		return 0;
	return setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) ? -errno : 0;
}

static int set_filter(int fd, const Image__SkOptsEntry *options)
{
	struct sock_filter instructions[BPF_MAXINSNS];
	struct sock_fprog program = { options->n_so_filter, instructions };

	if (!options->n_so_filter)
		return 0;
	for (size_t i = 0; i < options->n_so_filter; i++) {
		uint64_t packed = options->so_filter[i];

		instructions[i] = (struct sock_filter){ packed >> 48, packed >> 40, packed >> 32, packed };
	}
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) ? -errno : 0;
}

int socket_options_set(int fd, const Image__SkOptsEntry *options)
{
	int ret = set_numbers(fd, options);

	ret = ret ?: set_timeout(fd, SO_SNDTIMEO, options->so_snd_tmo_sec, options->so_snd_tmo_usec);
	ret = ret ?: set_timeout(fd, SO_RCVTIMEO, options->so_rcv_tmo_sec, options->so_rcv_tmo_usec);
	ret = ret ?: set_linger(fd, options);
	ret = ret ?: set_filter(fd, options);
	if (!ret && options->so_bound_dev && *options->so_bound_dev &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, options->so_bound_dev, strlen(options->so_bound_dev)))
		ret = -errno;
	return ret;
}

/* The kernel doubles what is set, and tells what it made of it. */
static int set_buffer(int fd, int tell, int force, uint32_t wanted)
{
	uint32_t now = 0;
	socklen_t size = sizeof(now);

	if (!getsockopt(fd, SOL_SOCKET, tell, &now, &size) && now == wanted)
		return 0;
	return socket_set(fd, SOL_SOCKET, force, wanted / 2);
}

int socket_buffers_set(int fd, const Image__SkOptsEntry *options)
{
	int ret = set_buffer(fd, SO_SNDBUF, SO_SNDBUFFORCE, options->so_sndbuf);

	ret = ret ?: set_buffer(fd, SO_RCVBUF, SO_RCVBUFFORCE, options->so_rcvbuf);
	/* Whether a program had set them; that was changed just now. Kernels before 5.15 do not know. */
	if (!ret && options->has_so_buf_lock)
		ret = socket_set(fd, SOL_SOCKET, SO_BUF_LOCK, options->so_buf_lock);
	return ret == -ENOPROTOOPT ? 0 : ret;
}
