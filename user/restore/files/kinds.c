// SPDX-License-Identifier: GPL-2.0-or-later
#include "restore/files/kinds.h"

/* Sockets hold other files in their queues, and epoll sets watch any: these come last. */
static const struct {
	Image__FdTypes type;
	const struct file_kind *kind;
} kinds[] = {
	{ IMAGE__FD_TYPES__REG, &regular_kind },       { IMAGE__FD_TYPES__PIPE, &pipe_kind },
	{ IMAGE__FD_TYPES__FIFO, &fifo_kind },	       { IMAGE__FD_TYPES__EVENTFD, &eventfd_kind },
	{ IMAGE__FD_TYPES__SIGNALFD, &signalfd_kind }, { IMAGE__FD_TYPES__TIMERFD, &timerfd_kind },
	{ IMAGE__FD_TYPES__INOTIFY, &inotify_kind },   { IMAGE__FD_TYPES__UNIXSK, &unix_kind },
	{ IMAGE__FD_TYPES__INETSK, &inet_kind },       { IMAGE__FD_TYPES__MEMFD, &memfd_kind },
	{ IMAGE__FD_TYPES__TTY, &tty_kind },	       { IMAGE__FD_TYPES__EVENTPOLL, &epoll_kind },
};

const struct file_kind *kinds_of(Image__FdTypes type)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (kinds[i].type == type)
			return kinds[i].kind;
	}
	return NULL;
}

const struct file_kind *kinds_nth(size_t i)
{
	return i < sizeof(kinds) / sizeof(*kinds) ? kinds[i].kind : NULL;
}

const char *kinds_name(Image__FdTypes type)
{
	const ProtobufCEnumValue *value =
		protobuf_c_enum_descriptor_get_value(&image__fd_types__descriptor, type);

	return value ? value->name : "of an unknown kind";
}
