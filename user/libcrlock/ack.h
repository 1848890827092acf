/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CRLOCK_ACK_H
#define CRLOCK_ACK_H

#include "connection.h"

int crlock_read_ack(const struct nlmsghdr *nlh, const struct nlmsghdr *request, char text[CRLOCK_TEXT_MAX]);

#endif
