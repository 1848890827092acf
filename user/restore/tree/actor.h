/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A puppet that takes locks.
 */
#ifndef RESTORE_ACTOR_H
#define RESTORE_ACTOR_H

#include "locks/apply.h"
#include "restore/tree/puppet.h"

/** puppet_actor - The actor that lets a puppet make the system calls; the puppet must outlive it. */
struct lock_actor puppet_actor(struct puppet *puppet);

#endif
