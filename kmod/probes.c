// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the tracepoints of fs/locks.c to events. All run in the thread that does what is traced, with
 * preemption off, and most with locks of the file held: nothing here sleeps.
 *
 * The tracepoints are no interface that tells events as people know them:
 *
 *   locks_get_lock_context   before a request for a lock of any kind, which it does not show. What the
 *                            file's lists have then is noted: an unlock that succeeds does not tell
 *                            whether there was anything to unlock, and a close always unlocks.
 *   posix_lock_inode         after a request for a POSIX or OFD lock, with its result. By then
 *                            the request may have grown by what it was joined with.
 *   flock_lock_inode         the same of flock(2), but once the list is unlocked: events of two threads
 *                            may change places.
 *   fcntl_setlk              after fcntl(2), with its result: the end of a wait without success.
 *   generic_add_lease        before a lease is set, or refused.
 *   generic_delete_lease     before a lease is given up, which then succeeds. That of a close has none.
 *   leases_conflict          whether an open conflicts with a lease: for each before it begins to be broken.
 *   break_lease_block, break_lease_unblock, break_lease_noblock
 *                            around the wait of an open, and in place of it.
 *   time_out_leases          for each lease of a file, before it is looked whether its time is over.
 */
#include <linux/jiffies.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/tracepoint.h>
#include <trace/events/filelock.h>

#include "events.h"
#include "id.h"
#include "lock_row.h"
#include "notes.h"
#include "probes.h"

/* Events ----------------------------------------------------------------------------------------------- */

static struct crlock_event event_of(enum crlock_event_kind event, const struct inode *inode,
				    const struct file_lock_core *core)
{
	return (struct crlock_event){
		.time_ns = ktime_get_real_ns(),
		.file_id = crlock_id(core->flc_file),
		.owner_id = crlock_id(core->flc_owner),
		.ino = inode->i_ino,
		.end = CRLOCK_EOF,
		.dev_major = MAJOR(inode->i_sb->s_dev),
		.dev_minor = MINOR(inode->i_sb->s_dev),
		.generation = inode->i_generation,
		.fl_flags = core->flc_flags,
		.event = event,
		.kind = crlock_kind_of(core->flc_flags, core->flc_owner, core->flc_file),
		.held = core->flc_type,
		.target = core->flc_type,
		.flags = core->flc_flags & FL_CLOSE ? CRLOCK_EVENT_CLOSE : 0,
	};
}

static void tell(const struct crlock_event *row)
{
	crlock_events_put(row, task_tgid(current));
}

/* Of a lock that another process may have set. */
static void tell_of_setter(const struct crlock_event *row, const struct file_lock_core *core)
{
	struct pid *pid;

	rcu_read_lock();
	pid = get_pid(find_pid_ns(core->flc_pid, &init_pid_ns));
	rcu_read_unlock();
	crlock_events_put(row, pid);
	put_pid(pid);
}

/* What a file had before ----------------------------------------------------------------------------- */

/* A walk of longer lists would be a burden to who only locks. */
#define BEFORE_MAX 1024

/* No further than is noted. */
static u32 count(const struct list_head *list)
{
	const struct list_head *place;
	u32 nr = 0;

	list_for_each(place, list) {
		if (nr++ == BEFORE_MAX)
			break;
	}
	return nr;
}

static void note_list(struct crlock_note *note, const struct list_head *list)
{
	struct file_lock_core *core;

	list_for_each_entry(core, list, flc_list) {
		if (note->nr == note->room) {
			note->cut = true;
			break;
		}
		note->locks[note->nr++] = (struct crlock_noted_lock){
			.owner = core->flc_owner,
			.start = file_lock_of(core)->fl_start,
			.end = file_lock_of(core)->fl_end,
			.type = core->flc_type,
			.kind = crlock_kind_of(core->flc_flags, core->flc_owner, core->flc_file),
		};
	}
}

static struct crlock_note *new_before(u32 room)
{
	struct crlock_note *note = crlock_note_new(CRLOCK_NOTE_BEFORE, current, room);

	return note ?: crlock_note_new(CRLOCK_NOTE_BEFORE, current, 0);
}

/* What is not unlocked matters of flock(2) only, which gives up one lock for another. */
static void note_before(const struct inode *inode, struct file_lock_context *ctx, bool unlocks)
{
	struct crlock_note *note;
	u32 room;

	spin_lock(&ctx->flc_lock);
	room = count(&ctx->flc_flock) + (unlocks ? count(&ctx->flc_posix) : 0);
	spin_unlock(&ctx->flc_lock);
	if (!room)
		return;
	note = new_before(min_t(u32, room, BEFORE_MAX));
	if (!note) {
		crlock_events_lose();
		return;
	}
	note->object = inode;
	spin_lock(&ctx->flc_lock);
	note_list(note, &ctx->flc_flock);
	if (unlocks)
		note_list(note, &ctx->flc_posix);
	spin_unlock(&ctx->flc_lock);
	crlock_note_put(note);
}

static void probe_get_context(void *data, struct inode *inode, int type, struct file_lock_context *ctx)
{
	struct crlock_note *lease = crlock_note_take(CRLOCK_NOTE_LEASE, current);

	crlock_note_drop(CRLOCK_NOTE_BEFORE, current);
	if (ctx && !lease)
		note_before(inode, ctx, type == F_UNLCK);
	kfree(lease);
}

/* Requests --------------------------------------------------------------------------------------------- */

/* A process waits for one lock at a time; a thread of the kernel, such as lockd, for those of its clients. */
static const void *waiter_of(const struct file_lock *lock)
{
	return current->flags & PF_KTHREAD ? (const void *)lock : current;
}

/* Whether this is what was told to wait; then it is as if that were not told any more. */
static bool has_waited(const void *waiter, const struct inode *inode, const void *owner, u8 type)
{
	struct crlock_note *note = crlock_note_take(CRLOCK_NOTE_WAIT, waiter);
	bool same = note && note->object == inode && note->owner == owner && note->type == type;

	kfree(note);
	return same;
}

static void note_wait(const void *waiter, const struct inode *inode, const void *owner, u8 type)
{
	struct crlock_note *note = crlock_note_new(CRLOCK_NOTE_WAIT, waiter, 0);

	/* Without, it is told as if it had not waited. */
	if (!note)
		return;
	note->object = inode;
	note->owner = owner;
	note->type = type;
	crlock_note_put(note);
}

static bool request_has_waited(const struct inode *inode, struct file_lock *lock)
{
	const struct file_lock_core *core = file_lock_core_of(lock);

	return has_waited(waiter_of(lock), inode, core->flc_owner, core->flc_type);
}

static void tell_request(enum crlock_event_kind event, const struct inode *inode, struct file_lock *lock,
			 int error)
{
	struct crlock_event row = event_of(event, inode, file_lock_core_of(lock));

	row.start = lock->fl_start;
	row.end = lock->fl_end;
	row.error = error;
	tell(&row);
}

static void tell_result(const struct inode *inode, struct file_lock *lock, int ret)
{
	const struct file_lock_core *core = file_lock_core_of(lock);
	bool waited = request_has_waited(inode, lock);

	if (!ret) {
		tell_request(waited ? CRLOCK_EVENT_GRANTED : CRLOCK_EVENT_SET, inode, lock, 0);
		return;
	}
	if (ret != FILE_LOCK_DEFERRED && !waited) {
		tell_request(CRLOCK_EVENT_REFUSED, inode, lock, -ret);
		return;
	}
	/* It may have been woken in vain; and if it fails after all, fcntl_setlk tells. */
	note_wait(waiter_of(lock), inode, core->flc_owner, core->flc_type);
	if (!waited)
		tell_request(CRLOCK_EVENT_BLOCKED, inode, lock, 0);
}

static bool is_given_up(const struct crlock_noted_lock *noted, struct file_lock *lock)
{
	const struct file_lock_core *core = file_lock_core_of(lock);

	bool is_flock = core->flc_flags & FL_FLOCK;

	return noted->owner == core->flc_owner && (noted->kind == CRLOCK_KIND_FLOCK) == is_flock &&
	       noted->type != core->flc_type && noted->start <= lock->fl_end &&
	       noted->end >= lock->fl_start;
}

/* What was noted of the request's owner and range is gone. */
static void tell_released(const struct inode *inode, struct file_lock *lock,
			  const struct crlock_note *note)
{
	struct crlock_event row = event_of(CRLOCK_EVENT_RELEASED, inode, file_lock_core_of(lock));
	u32 i;

	if (!note || note->object != inode)
		return;
	for (i = 0; i < note->nr; i++) {
		const struct crlock_noted_lock *noted = &note->locks[i];

		if (!is_given_up(noted, lock))
			continue;
		row.start = max_t(s64, noted->start, lock->fl_start);
		row.end = min_t(s64, noted->end, lock->fl_end);
		/* The request of a close does not say that it is for OFD locks. */
		row.kind = noted->kind;
		row.held = noted->type;
		row.target = noted->type;
		tell(&row);
	}
	if (!note->cut)
		return;
	row.start = lock->fl_start;
	row.end = lock->fl_end;
	row.held = F_UNLCK;
	row.target = F_UNLCK;
	row.flags |= CRLOCK_EVENT_UNSURE;
	tell(&row);
}

static void probe_posix(void *data, struct inode *inode, struct file_lock *lock, int ret)
{
	const struct file_lock_core *core = file_lock_core_of(lock);
	struct crlock_note *before = crlock_note_take(CRLOCK_NOTE_BEFORE, current);

	if (!(core->flc_flags & FL_ACCESS)) {
		if (core->flc_type != F_UNLCK)
			tell_result(inode, lock, ret);
		else if (!ret)
			tell_released(inode, lock, before);
	}
	kfree(before);
}

static void probe_flock(void *data, struct inode *inode, struct file_lock *lock, int ret)
{
	const struct file_lock_core *core = file_lock_core_of(lock);
	struct crlock_note *before = crlock_note_take(CRLOCK_NOTE_BEFORE, current);

	if (!(core->flc_flags & FL_ACCESS)) {
		/* Without success, what was held of another type is gone all the same. */
		if (core->flc_type == F_UNLCK ? !ret : ret)
			tell_released(inode, lock, before);
		if (core->flc_type != F_UNLCK)
			tell_result(inode, lock, ret);
	}
	kfree(before);
}

static void probe_setlk(void *data, struct inode *inode, struct file_lock *lock, int error)
{
	if (!error || !request_has_waited(inode, lock))
		return;
	tell_request(CRLOCK_EVENT_CANCELLED, inode, lock, error == -ERESTARTSYS ? EINTR : -error);
}

/* Leases ------------------------------------------------------------------------------------------------ */

static void probe_add_lease(void *data, struct inode *inode, struct file_lease *lease)
{
	struct crlock_event row = event_of(CRLOCK_EVENT_ASKED, inode, file_lease_core_of(lease));
	struct crlock_note *note = crlock_note_new(CRLOCK_NOTE_LEASE, current, 0);

	/* What comes next is no request for another lock. */
	if (note)
		crlock_note_put(note);
	tell(&row);
}

static void probe_delete_lease(void *data, struct inode *inode, struct file_lease *lease)
{
	struct crlock_event row;

	if (!lease)
		return;
	row = event_of(CRLOCK_EVENT_RELEASED, inode, file_lease_core_of(lease));
	tell(&row);
}

/* It is asked of the first lease that conflicts twice: whether there is one, and then of each in turn. */
static bool is_told(const struct file_lease *lease, const struct file_lease *breaker)
{
	struct crlock_note *note = crlock_note_take(CRLOCK_NOTE_BREAK, current);
	bool told = note && note->object == lease && note->owner == breaker;

	kfree(note);
	if (told)
		return true;
	note = crlock_note_new(CRLOCK_NOTE_BREAK, current, 0);
	/* Without, it is told twice. */
	if (note) {
		note->object = lease;
		note->owner = breaker;
		crlock_note_put(note);
	}
	return false;
}

static void probe_conflict(void *data, bool conflict, struct file_lease *lease, struct file_lease *breaker)
{
	const struct file_lock_core *core = file_lease_core_of(lease);
	bool writes = file_lease_core_of(breaker)->flc_type == F_WRLCK;
	/* What __break_lease() does not begin anew. */
	u32 pending = writes ? FL_UNLOCK_PENDING : FL_UNLOCK_PENDING | FL_DOWNGRADE_PENDING;
	struct crlock_event row;

	if (!conflict || core->flc_flags & pending || !core->flc_file || is_told(lease, breaker))
		return;
	row = event_of(CRLOCK_EVENT_BROKEN, file_inode(core->flc_file), core);
	row.target = writes ? F_UNLCK : F_RDLCK;
	tell_of_setter(&row, core);
}

static bool is_over(unsigned long time)
{
	return time && time_after(jiffies, time);
}

/* The time of a former downgrade stays, and does nothing to a read lease. */
static bool is_downgraded(const struct file_lease *lease, const struct file_lock_core *core)
{
	return is_over(lease->fl_downgrade_time) &&
	       (core->flc_flags & FL_DOWNGRADE_PENDING || core->flc_type != F_RDLCK);
}

static void tell_open(enum crlock_event_kind event, const struct inode *inode, struct file_lease *breaker,
		      int error)
{
	struct crlock_event row = event_of(event, inode, file_lease_core_of(breaker));

	row.file_id = 0;
	row.owner_id = 0;
	row.flags = CRLOCK_EVENT_OPEN;
	row.error = error;
	tell(&row);
}

/* As leases_conflict() of the kernel has it, once time_out_leases() has been there. */
static bool is_in_the_way(struct file_lock_core *core, const struct file_lock_core *breaker)
{
	struct file_lease *lease = file_lease_of(core);

	if (is_over(lease->fl_break_time) || (core->flc_flags ^ breaker->flc_flags) & FL_LAYOUT ||
	    (breaker->flc_flags & FL_DELEG && core->flc_flags & FL_LEASE))
		return false;
	if (lease->fl_lmops->lm_breaker_owns_lease && lease->fl_lmops->lm_breaker_owns_lease(lease))
		return false;
	return breaker->flc_type == F_WRLCK ||
	       (core->flc_type == F_WRLCK && !is_downgraded(lease, core));
}

static bool is_any_in_the_way(const struct inode *inode, const struct file_lock_core *breaker)
{
	struct file_lock_core *core;

	list_for_each_entry(core, &inode->i_flctx->flc_lease, flc_list) {
		if (is_in_the_way(core, breaker))
			return true;
	}
	return false;
}

/*
 * An open waits for one lease after the other; and for a lease that is only to be downgraded from one tick to
 * the next, since __break_lease() looks at the other time. That is one wait.
 */
static void probe_block(void *data, struct inode *inode, struct file_lease *breaker)
{
	u8 type = file_lease_core_of(breaker)->flc_type;
	bool waited = has_waited(current, inode, breaker, type);

	crlock_note_drop(CRLOCK_NOTE_BREAK, current);
	note_wait(current, inode, breaker, type);
	if (!waited)
		tell_open(CRLOCK_EVENT_BLOCKED, inode, breaker, 0);
}

static void probe_unblock(void *data, struct inode *inode, struct file_lease *breaker)
{
	const struct file_lock_core *core = file_lease_core_of(breaker);
	bool ends = !list_empty(&core->flc_blocked_member) && signal_pending(current);

	if (!ends && is_any_in_the_way(inode, core))
		return;
	crlock_note_drop(CRLOCK_NOTE_WAIT, current);
	if (ends)
		tell_open(CRLOCK_EVENT_CANCELLED, inode, breaker, EINTR);
	else
		tell_open(CRLOCK_EVENT_UNBLOCKED, inode, breaker, 0);
}

static void probe_noblock(void *data, struct inode *inode, struct file_lease *breaker)
{
	crlock_note_drop(CRLOCK_NOTE_BREAK, current);
	tell_open(CRLOCK_EVENT_REFUSED, inode, breaker, EWOULDBLOCK);
}

static void tell_deadline(const struct inode *inode, const struct file_lock_core *core, u8 held, u8 target)
{
	struct crlock_event row = event_of(CRLOCK_EVENT_DEADLINE, inode, core);

	row.held = held;
	row.target = target;
	tell_of_setter(&row, core);
}

/* The kernel asks for the time once more after this: an event is missed if it becomes due just between. */
static void probe_time_out(void *data, struct inode *inode, struct file_lease *lease)
{
	const struct file_lock_core *core = file_lease_core_of(lease);
	u8 held = core->flc_type;

	if (is_downgraded(lease, core)) {
		tell_deadline(inode, core, held, F_RDLCK);
		held = F_RDLCK;
	}
	if (is_over(lease->fl_break_time))
		tell_deadline(inode, core, held, F_UNLCK);
}

/* Tracepoints ------------------------------------------------------------------------------------------- */

/* The kernel's headers have the arguments of each: a probe that takes others does not compile. */
static void __always_unused check_arguments(void)
{
	check_trace_callback_type_locks_get_lock_context(probe_get_context);
	check_trace_callback_type_posix_lock_inode(probe_posix);
	check_trace_callback_type_flock_lock_inode(probe_flock);
	check_trace_callback_type_fcntl_setlk(probe_setlk);
	check_trace_callback_type_generic_add_lease(probe_add_lease);
	check_trace_callback_type_generic_delete_lease(probe_delete_lease);
	check_trace_callback_type_leases_conflict(probe_conflict);
	check_trace_callback_type_break_lease_block(probe_block);
	check_trace_callback_type_break_lease_unblock(probe_unblock);
	check_trace_callback_type_break_lease_noblock(probe_noblock);
	check_trace_callback_type_time_out_leases(probe_time_out);
}

static struct {
	const char *name;
	void *probe;
	struct tracepoint *tracepoint;
} probes[] = {
	{ "locks_get_lock_context", probe_get_context },
	{ "posix_lock_inode", probe_posix },
	{ "flock_lock_inode", probe_flock },
	{ "fcntl_setlk", probe_setlk },
	{ "generic_add_lease", probe_add_lease },
	{ "generic_delete_lease", probe_delete_lease },
	{ "leases_conflict", probe_conflict },
	{ "break_lease_block", probe_block },
	{ "break_lease_unblock", probe_unblock },
	{ "break_lease_noblock", probe_noblock },
	{ "time_out_leases", probe_time_out },
};

static void find(struct tracepoint *tracepoint, void *data)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		if (!strcmp(tracepoint->name, probes[i].name))
			probes[i].tracepoint = tracepoint;
	}
}

/** crlock_probes_init - Looks for the tracepoints, which have names but are not exported. */
void crlock_probes_init(void)
{
	for_each_kernel_tracepoint(find, NULL);
}

/** crlock_probes_found - Whether all are there, and can be used. */
bool crlock_probes_found(void)
{
	int i;

	/* There, spinlocks sleep, and probes may not. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		return false;
	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		if (!probes[i].tracepoint)
			return false;
	}
	return true;
}

static void unregister(int nr)
{
	while (nr--)
		tracepoint_probe_unregister(probes[nr].tracepoint, probes[nr].probe, NULL);
	/* None runs any more. */
	tracepoint_synchronize_unregister();
	crlock_notes_free();
}

/** crlock_probes_start - Has events made. May sleep. Return: 0 or an error. */
int crlock_probes_start(void)
{
	int i, err;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		err = tracepoint_probe_register(probes[i].tracepoint, probes[i].probe, NULL);
		if (err) {
			unregister(i);
			return err;
		}
	}
	return 0;
}

/** crlock_probes_stop - The reverse: when it returns, no probe runs. May sleep. */
void crlock_probes_stop(void)
{
	unregister(ARRAY_SIZE(probes));
}
