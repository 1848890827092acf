/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CRLOCK_FAMILY_H
#define CRLOCK_FAMILY_H

#include "connection.h"

int crlock_find_family(struct crlock_connection *connection);
int crlock_load_family(struct crlock_connection *connection);
int crlock_has_family(struct crlock_connection *connection, uint16_t id);

#endif
