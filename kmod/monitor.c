// SPDX-License-Identifier: GPL-2.0-only
/*
 * CRLOCK_CMD_MONITOR: who listens, and the work that sends events to each.
 *
 * There is no multicast group. To join one takes at most CAP_SYS_ADMIN over the socket's network namespace,
 * which the root of any user namespace has over one of its own; who joins and leaves is told from Linux 6.9
 * on; and its one message for all cannot have the process ids of each reader's pid namespace. A command asks
 * for capabilities as the others do, and netlink tells when the socket that it came by is closed.
 *
 * The probes are there only while someone listens.
 */
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/pid_namespace.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <net/genetlink.h>

#include <linux/crlock.h>

#include "events.h"
#include "filter.h"
#include "monitor.h"
#include "netlink.h"
#include "probes.h"

/* Each takes its share of the time that events take to be sent. */
#define LISTENERS_MAX 64

/* Events that are sent in one message at the most. */
#define BATCH 32

/**
 * struct listener - A socket that events are sent to.
 * @list: of all
 * @net: its network namespace, which it holds
 * @portid: its address
 * @pid_ns: of its reader
 * @filter: what is wanted
 * @events: bits 1 << &enum crlock_event_kind
 * @before: what crlock_events_lost() was when it began
 * @unsent: events that it had no room for
 * @told: how many it was told that it lost
 */
struct listener {
	struct list_head list;
	struct net *net;
	u32 portid;
	struct pid_namespace *pid_ns;
	struct crlock_filter filter;
	u32 events;
	u64 before;
	u64 unsent;
	u64 told;
};

/* Of all that follows, and of whether the probes are there. */
static DEFINE_MUTEX(listeners_lock);
static LIST_HEAD(listeners);
static u32 nr_listeners;
/* The module is being unloaded: the probes are gone, though someone listens. */
static bool is_ending;

static void send_events(struct work_struct *work);
static void send_lost(struct work_struct *work);
static DECLARE_WORK(events_work, send_events);
static DECLARE_DELAYED_WORK(lost_work, send_lost);

/* Sending ----------------------------------------------------------------------------------------------- */

static u64 lost_by(const struct listener *listener)
{
	return crlock_events_lost() - listener->before + listener->unsent;
}

static bool is_wanted(const struct listener *listener, const struct crlock_event_entry *entry)
{
	const struct crlock_filter *filter = &listener->filter;
	const struct crlock_event *row = &entry->row;

	if (!(listener->events & 1U << row->event) || !crlock_filter_kind(filter, row->kind))
		return false;
	if (filter->by_inode && (row->ino != filter->ino ||
				 MKDEV(row->dev_major, row->dev_minor) != filter->dev))
		return false;
	return crlock_filter_tgid(filter, pid_nr(entry->pid)) ||
	       crlock_filter_tgid(filter, pid_nr(entry->by));
}

static int put_event(struct sk_buff *skb, const struct listener *listener,
		     const struct crlock_event_entry *entry)
{
	struct crlock_event row = entry->row;

	row.pid = pid_nr_ns(entry->pid, listener->pid_ns);
	row.by_pid = pid_nr_ns(entry->by, listener->pid_ns);
	row.by_tid = pid_nr_ns(entry->by_thread, listener->pid_ns);
	return nla_put(skb, CRLOCK_A_EVENT, sizeof(row), &row);
}

static int put_events(struct sk_buff *skb, const struct listener *listener,
		      const struct crlock_event_entry *entries, u32 nr)
{
	int err = 0;
	u32 i;

	for (i = 0; !err && i < nr; i++) {
		if (is_wanted(listener, &entries[i]))
			err = put_event(skb, listener, &entries[i]);
	}
	return err;
}

static struct sk_buff *new_message(u32 nr)
{
	struct sk_buff *skb = genlmsg_new(nr * nla_total_size(sizeof(struct crlock_event)) +
					  nla_total_size_64bit(sizeof(u64)), GFP_KERNEL);

	if (skb && !genlmsg_put(skb, 0, 0, &crlock_family, 0, CRLOCK_CMD_EVENT)) {
		nlmsg_free(skb);
		skb = NULL;
	}
	return skb;
}

static int send(const struct listener *listener, struct sk_buff *skb)
{
	nlmsg_end(skb, nlmsg_hdr(skb));
	return genlmsg_unicast(listener->net, skb, listener->portid);
}

/* Returns: 0, or an error if the message could not be made or sent. */
static int send_message(const struct listener *listener, const struct crlock_event_entry *entries, u32 nr,
			u32 nr_wanted, u64 lost)
{
	struct sk_buff *skb = new_message(nr_wanted);
	int err;

	if (!skb)
		return -ENOMEM;
	err = lost == listener->told ? 0 : nla_put_u64_64bit(skb, CRLOCK_A_LOST, lost, CRLOCK_A_PAD);
	if (!err)
		err = put_events(skb, listener, entries, nr);
	if (err) {
		nlmsg_free(skb);
		return err;
	}
	return send(listener, skb);
}

static void send_to(struct listener *listener, const struct crlock_event_entry *entries, u32 nr)
{
	u64 lost = lost_by(listener);
	u32 nr_wanted = 0, i;

	for (i = 0; i < nr; i++)
		nr_wanted += is_wanted(listener, &entries[i]);
	if (!nr_wanted && lost == listener->told)
		return;
	if (send_message(listener, entries, nr, nr_wanted, lost))
		listener->unsent += nr_wanted;
	else
		listener->told = lost;
	/* Also if nothing happens any more it is told, once there is room. */
	if (lost_by(listener) != listener->told)
		schedule_delayed_work(&lost_work, HZ / 10);
}

/* Returns: how many events there were. */
static u32 send_batch(struct crlock_event_entry *batch)
{
	struct listener *listener;
	u32 nr, i;

	mutex_lock(&listeners_lock);
	nr = crlock_events_take(batch, BATCH);
	list_for_each_entry(listener, &listeners, list)
		send_to(listener, batch, nr);
	mutex_unlock(&listeners_lock);
	for (i = 0; i < nr; i++)
		crlock_event_release(&batch[i]);
	return nr;
}

static void send_events(struct work_struct *work)
{
	/* No two of one work are done at once. */
	static struct crlock_event_entry batch[BATCH];

	while (send_batch(batch))
		cond_resched();
}

static void send_lost(struct work_struct *work)
{
	queue_work(system_unbound_wq, &events_work);
}

/* Listeners --------------------------------------------------------------------------------------------- */

static struct listener *find(const struct net *net, u32 portid)
{
	struct listener *listener;

	list_for_each_entry(listener, &listeners, list) {
		if (listener->net == net && listener->portid == portid)
			return listener;
	}
	return NULL;
}

static void free_listener(struct listener *listener)
{
	crlock_filter_free(&listener->filter);
	put_pid_ns(listener->pid_ns);
	kfree(listener);
}

static int start(struct netlink_ext_ack *extack)
{
	int err = crlock_events_start(&events_work);

	if (err)
		return err;
	err = crlock_probes_start();
	if (err) {
		NL_SET_ERR_MSG(extack, "the kernel does not give its tracepoints");
		crlock_events_stop();
	}
	return err;
}

static void stop(void)
{
	if (!is_ending)
		crlock_probes_stop();
	crlock_events_stop();
}

static int add(struct listener *listener, struct netlink_ext_ack *extack)
{
	int err;

	if (find(listener->net, listener->portid)) {
		NL_SET_ERR_MSG(extack, "events are sent to this socket already");
		return -EBUSY;
	}
	if (nr_listeners == LISTENERS_MAX) {
		NL_SET_ERR_MSG(extack, "events are sent to as many sockets as they can be");
		return -EUSERS;
	}
	err = nr_listeners ? 0 : start(extack);
	if (err)
		return err;
	listener->before = crlock_events_lost();
	list_add_tail(&listener->list, &listeners);
	nr_listeners++;
	return 0;
}

static void remove(struct listener *listener)
{
	list_del(&listener->list);
	free_listener(listener);
	if (!--nr_listeners)
		stop();
}

static int new_listener(struct listener **out, struct genl_info *info)
{
	struct listener *listener = kzalloc(sizeof(*listener), GFP_KERNEL_ACCOUNT);

	*out = listener;
	if (!listener)
		return -ENOMEM;
	listener->net = genl_info_net(info);
	listener->portid = info->snd_portid;
	listener->pid_ns = get_pid_ns(task_active_pid_ns(current));
	listener->events = info->attrs[CRLOCK_A_EVENTS] ? nla_get_u32(info->attrs[CRLOCK_A_EVENTS]) :
							  (1U << (CRLOCK_EVENT_MAX + 1)) - 1;
	return crlock_filter_parse(&listener->filter, info->nlhdr, info->attrs, info->extack);
}

/*
 * The acknowledgement comes before the first event: behind many it might find no room. As a dump does, this
 * says by -EINTR that no other is to be sent.
 */
static int acknowledge(struct sk_buff *skb, const struct genl_info *info)
{
	if (!(info->nlhdr->nlmsg_flags & NLM_F_ACK))
		return 0;
	netlink_ack(skb, nlmsg_hdr(skb), 0, NULL);
	return -EINTR;
}

/** crlock_monitor - CRLOCK_CMD_MONITOR. Return: 0, -EINTR if that was told already, or an error. */
int crlock_monitor(struct sk_buff *skb, struct genl_info *info)
{
	struct listener *listener;
	int err = crlock_may(skb, false, info->extack), ret = 0;

	if (err)
		return err;
	if (!crlock_monitor_supported()) {
		NL_SET_ERR_MSG(info->extack, "the kernel has not the tracepoints that events come from");
		return -EOPNOTSUPP;
	}
	err = new_listener(&listener, info);
	if (!err) {
		mutex_lock(&listeners_lock);
		err = add(listener, info->extack);
		ret = err ?: acknowledge(skb, info);
		mutex_unlock(&listeners_lock);
	}
	if (!err)
		return ret;
	if (listener)
		free_listener(listener);
	return crlock_explain(err, info->extack);
}

/* A socket is closed: of all that netlink knows, those that events are sent to. */
static int socket_closed(struct notifier_block *block, unsigned long event, void *data)
{
	const struct netlink_notify *closed = data;
	struct listener *listener;

	if (event != NETLINK_URELEASE || closed->protocol != NETLINK_GENERIC)
		return NOTIFY_DONE;
	mutex_lock(&listeners_lock);
	listener = find(closed->net, closed->portid);
	if (listener)
		remove(listener);
	mutex_unlock(&listeners_lock);
	return NOTIFY_DONE;
}

static struct notifier_block socket_notifier = { .notifier_call = socket_closed };

/** crlock_monitor_supported - Whether this kernel has what events come from. */
bool crlock_monitor_supported(void)
{
	return crlock_probes_found();
}

/** crlock_monitor_init - Gets ready for who will listen. Return: 0 or an error. */
int crlock_monitor_init(void)
{
	crlock_probes_init();
	return netlink_register_notifier(&socket_notifier);
}

static void send_end(const struct listener *listener)
{
	struct sk_buff *skb = new_message(0);

	if (skb && nla_put_flag(skb, CRLOCK_A_END)) {
		nlmsg_free(skb);
		skb = NULL;
	}
	/* Who has no room finds out that the family is gone. */
	if (skb)
		send(listener, skb);
}

/**
 * crlock_monitor_exit - Sends what there is, and to all that it was the last.
 *
 * The family is not known any more.
 */
void crlock_monitor_exit(void)
{
	struct listener *listener, *next;

	mutex_lock(&listeners_lock);
	if (nr_listeners)
		crlock_probes_stop();
	is_ending = true;
	mutex_unlock(&listeners_lock);
	/* Nothing is added any more: with probes there would always be more, while enough happens. */
	flush_work(&events_work);
	mutex_lock(&listeners_lock);
	list_for_each_entry_safe(listener, next, &listeners, list) {
		send_end(listener);
		remove(listener);
	}
	mutex_unlock(&listeners_lock);
	netlink_unregister_notifier(&socket_notifier);
	/* Each may have queued the other. */
	cancel_delayed_work_sync(&lost_work);
	cancel_work_sync(&events_work);
	cancel_delayed_work_sync(&lost_work);
}
