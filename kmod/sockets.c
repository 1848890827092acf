// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files in flight: those in SCM_RIGHTS messages that wait in the receive queues of unix sockets. A socket
 * may itself be in flight, and a listening one has the sockets of who is not accepted yet in its queue.
 *
 * The queue's lock keeps its messages. A receiver of a stream takes the files out of a message that is
 * still queued, and holds iolock for it and not that lock: iolock is taken first, as receivers do.
 */
#include <linux/net.h>
#include <linux/sched/signal.h>
#include <net/af_unix.h>
#include <net/scm.h>
#include <net/tcp_states.h>

#include "budget.h"
#include "sockets.h"

/* Files in one go under the queue's lock. */
#define BATCH 1000

/**
 * crlock_sockets_init - Makes an empty list, to be freed with crlock_sockets_free().
 * @sockets: the list
 * @budget: whose memory it is; must outlive it
 */
void crlock_sockets_init(struct crlock_sockets *sockets, struct crlock_budget *budget)
{
	*sockets = (struct crlock_sockets){};
	crlock_keyed_init(&sockets->socks, budget, sizeof(struct crlock_sock));
}

static struct crlock_sock *sock_at(const struct crlock_sockets *sockets, u32 index)
{
	return crlock_row(&sockets->socks.rows, index);
}

/** crlock_sockets_free - Gives the references back and frees the rest. */
void crlock_sockets_free(struct crlock_sockets *sockets)
{
	u32 i;

	for (i = 0; i < sockets->socks.rows.nr; i++) {
		sock_put(sock_at(sockets, i)->sk);
		cond_resched();
	}
	crlock_keyed_free(&sockets->socks);
}

/** crlock_sockets_room - Makes room for one more. May sleep. Return: 0, -ENOBUFS or -ENOMEM. */
int crlock_sockets_room(struct crlock_sockets *sockets)
{
	return crlock_keyed_reserve(&sockets->socks, 1);
}

/* That happens to each once; @nr is 1 + its index. What is in its queue is wanted too. */
static void want_sock(struct crlock_sockets *sockets, struct crlock_sock *sock, u32 nr)
{
	sock->wanted = true;
	if (nr > sockets->next)
		return;
	sock->next_again = sockets->again;
	sockets->again = nr;
}

/* The caller keeps @sk alive. */
static int note_sock(struct crlock_sockets *sockets, struct sock *sk, bool wanted)
{
	struct crlock_slot *slot;
	struct crlock_sock *sock;

	if (skb_queue_empty_lockless(&sk->sk_receive_queue))
		return 0;
	if (!crlock_keyed_fit(&sockets->socks, 1))
		return -ENOSPC;
	slot = crlock_keyed_slot(&sockets->socks, sk);
	sock = crlock_keyed_at(&sockets->socks, slot);
	if (sock) {
		if (wanted && !sock->wanted)
			want_sock(sockets, sock, slot->row);
		return 0;
	}
	sock_hold(sk);
	sock = crlock_keyed_add(&sockets->socks, slot, sk);
	sock->next_again = 0;
	sock->wanted = wanted;
	sock->again = false;
	sock->busy = false;
	return 0;
}

/** crlock_sockets_note_socket - crlock_sockets_note() for a socket. */
int crlock_sockets_note_socket(struct crlock_sockets *sockets, struct file *file, bool wanted)
{
	struct socket *socket = sock_from_file(file);

	if (!socket || !socket->sk || socket->sk->sk_family != AF_UNIX)
		return 0;
	return note_sock(sockets, socket->sk, wanted);
}

/* A message is passed over if its files were visited before; @skip counts down over them. */
static int visit_message(struct crlock_sockets *sockets, const struct crlock_sock *sock,
			 struct sk_buff *skb, u32 *skip, u32 *done, crlock_message_fn *visit, void *data)
{
	struct scm_fp_list *files = UNIXCB(skb).fp;
	int i, ret;

	if (sock->sk->sk_state == TCP_LISTEN)
		return skb->sk ? note_sock(sockets, skb->sk, sock->wanted) : 0;
	for (i = 0; files && i < files->count; i++) {
		if (*skip) {
			--*skip;
			continue;
		}
		ret = crlock_sockets_note(sockets, files->fp[i], sock->wanted) ?:
			      visit(files->fp[i], sock, !*done, data);
		if (ret)
			return ret;
		++*done;
	}
	return 0;
}

/*
 * Visits up to a batch of the files in a queue, from the *@pos'th on. Under iolock messages are only
 * added, at the end; or the socket is closed and all are dropped. Return: as crlock_message_fn, or 1 at
 * the end.
 */
static int visit_batch(struct crlock_sockets *sockets, const struct crlock_sock *sock, u32 *pos,
		       crlock_message_fn *visit, void *data)
{
	struct sk_buff_head *queue = &sock->sk->sk_receive_queue;
	u32 skip = *pos, done = 0;
	struct sk_buff *skb;
	int ret = 1;

	spin_lock(&queue->lock);
	skb_queue_walk(queue, skb) {
		ret = visit_message(sockets, sock, skb, &skip, &done, visit, data);
		if (ret || done >= BATCH)
			break;
		ret = 1;
	}
	spin_unlock(&queue->lock);
	*pos += done;
	return ret;
}

/* A receiver that faults while it copies holds iolock for as long as who serves the fault likes. */
static bool lock_receivers(struct crlock_sockets *sockets, struct unix_sock *u)
{
	u32 tries = 0;

	while (!mutex_trylock(&u->iolock)) {
		if (!crlock_patience_wait(&sockets->patience, tries++))
			return false;
	}
	return true;
}

static int walk_queue(struct crlock_sockets *sockets, struct crlock_sock *sock,
		      crlock_message_fn *visit, crlock_room_fn *room, void *data)
{
	struct unix_sock *u = unix_sk(sock->sk);
	u32 pos = 0;
	int ret;

	if (!lock_receivers(sockets, u)) {
		sock->busy = true;
		sockets->busy++;
		return 0;
	}
	do {
		ret = visit_batch(sockets, sock, &pos, visit, data);
		if (ret == -ENOSPC)
			ret = room(data);
		cond_resched();
	} while (!ret);
	mutex_unlock(&u->iolock);
	return ret < 0 ? ret : 0;
}

/* Return: which is to be searched now, or NULL. */
static struct crlock_sock *next_sock(struct crlock_sockets *sockets)
{
	struct crlock_sock *sock;

	if (!sockets->again)
		return sockets->next < sockets->socks.rows.nr ? sock_at(sockets, sockets->next++) : NULL;
	sock = sock_at(sockets, sockets->again - 1);
	sockets->again = sock->next_again;
	/* Of one that could not be searched nothing is noted yet. */
	sock->again = !sock->busy;
	sockets->busy -= sock->busy;
	sock->busy = false;
	return sock;
}

/**
 * crlock_sockets_walk - Visits each file in the queues of the listed sockets, and of those found there.
 * @sockets: the list
 * @visit: is called with @data for each
 * @room: is called with @data after @visit gave -ENOSPC; it calls crlock_sockets_room() too
 * @data: for @visit and @room
 *
 * Return: 0, -EINTR if the caller is being killed, or an error of @visit or @room.
 */
int crlock_sockets_walk(struct crlock_sockets *sockets, crlock_message_fn *visit,
			crlock_room_fn *room, void *data)
{
	struct crlock_sock *sock;
	int ret = 0;

	while (!ret && (sock = next_sock(sockets))) {
		ret = walk_queue(sockets, sock, visit, room, data);
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
	}
	return ret;
}
