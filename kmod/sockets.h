/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_SOCKETS_H
#define CRLOCK_SOCKETS_H

#include <linux/fs.h>

#include "keyed.h"
#include "patience.h"
#include "room.h"

struct sock;

/**
 * struct crlock_sock - One of them.
 * @sk: its key
 * @next_again: 1 + index of the next that is to be searched again; 0: none
 * @wanted: a process that the filter names holds it
 * @again: it is searched again, since that was found out too late; only that is news of its files
 * @busy: it could not be searched, and is counted as such
 */
struct crlock_sock {
	struct sock *sk;
	u32 next_again;
	bool wanted;
	bool again;
	bool busy;
};

/**
 * struct crlock_sockets - Unix sockets whose receive queues are to be searched.
 * @socks: &struct crlock_sock, with a reference to each
 * @next: index of the first that was not searched yet
 * @again: 1 + index of the first that is to be searched again; 0: none
 * @patience: with their receivers
 * @busy: how many could not be searched, since a receiver would not let go of them
 */
struct crlock_sockets {
	struct crlock_keyed socks;
	u32 next;
	u32 again;
	struct crlock_patience patience;
	u32 busy;
};

/**
 * typedef crlock_message_fn - Visits a file in a message, with its queue locked.
 * @file: it
 * @sock: whose queue it is
 * @first: it is the first that is visited since the queue was locked
 * @data: as given to the walk
 *
 * Return: as crlock_descriptor_fn.
 */
typedef int crlock_message_fn(struct file *file, const struct crlock_sock *sock, bool first, void *data);

void crlock_sockets_init(struct crlock_sockets *sockets, struct crlock_budget *budget);
void crlock_sockets_free(struct crlock_sockets *sockets);
int crlock_sockets_room(struct crlock_sockets *sockets);
int crlock_sockets_note_socket(struct crlock_sockets *sockets, struct file *file, bool wanted);
int crlock_sockets_walk(struct crlock_sockets *sockets, crlock_message_fn *visit,
			crlock_room_fn *room, void *data);

/**
 * crlock_sockets_note - Puts a file on the list, if it is a unix socket with messages.
 * @sockets: the list
 * @file: the caller keeps it alive
 * @wanted: a process that the filter names holds it
 *
 * Return: 0, or -ENOSPC: call again after crlock_sockets_room().
 */
static inline int crlock_sockets_note(struct crlock_sockets *sockets, struct file *file, bool wanted)
{
	return S_ISSOCK(file_inode(file)->i_mode) ?
		       crlock_sockets_note_socket(sockets, file, wanted) : 0;
}

#endif
