/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CRLOCK_REQUEST_H
#define CRLOCK_REQUEST_H

#include <sys/types.h>

#include "handle.h"

struct nlmsghdr *crlock_request_new(uint16_t family, uint8_t command, uint16_t flags, size_t nr_attrs);
int crlock_request_lock_get(struct nlmsghdr **request, struct crlock *crlock,
			    const struct crlock_filter *filter);
int crlock_request_monitor(struct nlmsghdr **request, struct crlock *crlock,
			   const struct crlock_filter *filter, uint32_t events);
int crlock_request_file_get(struct nlmsghdr **request, struct crlock *crlock, const pid_t *tgids,
			    size_t nr_tgids);
int crlock_request_task_get(struct nlmsghdr **request, struct crlock *crlock, const pid_t *tgids,
			    size_t nr_tgids);
int crlock_request_regs_get(struct nlmsghdr **request, struct crlock *crlock, uint16_t flags, uint16_t type,
			    pid_t pid);

#endif
