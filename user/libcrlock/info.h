/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CRLOCK_INFO_H
#define CRLOCK_INFO_H

#include "connection.h"
#include "crlock.h"

int crlock_read_info(struct crlock_connection *connection, struct crlock_info *info);

#endif
