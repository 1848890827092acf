// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interval timers (setitimer(2)) and timers of timer_create(2).
 *
 * Both hang off the process's struct signal_struct. Interval timers and the list of the others are protected
 * by siglock, each timer on that list by its it_lock. The kernel takes siglock under it_lock
 * (posix_timer_fn(), timer_delete(2)), so that under siglock it_lock cannot be taken: under that timers are
 * only noted, in an RCU section, which keeps their memory, and then locked one by one. Of one that
 * was deleted since, which is seen with it_lock held, nothing is touched.
 *
 * Under either lock that of an hrtimer's base is taken, as the kernel does.
 */
#include <linux/alarmtimer.h>
#include <linux/hrtimer.h>
#include <linux/math64.h>
#include <linux/pid.h>
#include <linux/posix-timers.h>
#include <linux/sched/cputime.h>
#include <linux/sched/signal.h>
#include <linux/tick.h>

#include <linux/crlock.h>

#include "rows.h"
#include "thread.h"
#include "timers.h"

/* Timers in one go in an RCU section. */
#define BATCH 1000

/* A list that changes between batches is begun anew. */
#define TRIES 1000

/* CPU time --------------------------------------------------------------------------------------- */

/* Of CPUCLOCK_PROF, CPUCLOCK_VIRT and CPUCLOCK_SCHED, nanoseconds; of what runs as of its last tick. */
struct cpu_times {
	u64 of[CPUCLOCK_MAX];
};

static void add_times(struct cpu_times *times, u64 utime, u64 stime, u64 runtime)
{
	times->of[CPUCLOCK_PROF] += utime + stime;
	times->of[CPUCLOCK_VIRT] += utime;
	times->of[CPUCLOCK_SCHED] += runtime;
}

static void add_thread(struct cpu_times *times, const struct task_struct *task)
{
	add_times(times, task->utime, task->stime, task->se.sum_exec_runtime);
}

/* Under siglock: under that threads come and go, and add their times to those of the ones before them. */
static void sum_times(struct cpu_times *times, struct task_struct *task)
{
	const struct signal_struct *signal = task->signal;
	struct task_struct *thread;

	add_times(times, signal->utime, signal->stime, signal->sum_sched_runtime);
	for_each_thread(task, thread)
		add_thread(times, thread);
}

/* The CPU times of a process, as its timers have them. Under siglock. */
static void copy_times(struct cpu_times *times, struct task_struct *task)
{
	const struct task_cputime_atomic *kept = &task->signal->cputimer.cputime_atomic;

	*times = (struct cpu_times){};
	/* While a timer runs the kernel keeps the sums, and lets timers expire by them. */
	if (READ_ONCE(task->signal->posix_cputimers.timers_active))
		add_times(times, atomic64_read(&kept->utime), atomic64_read(&kept->stime),
			  atomic64_read(&kept->sum_exec_runtime));
	else
		sum_times(times, task);
}

/* Interval timers --------------------------------------------------------------------------------- */

/* The time to the next multiple of an interval, if @left is over. */
static s64 next_of(s64 left, s64 interval)
{
	if (left > 0 || interval <= 0)
		return left;
	return left + (s64)(div64_u64(-left, interval) + 1) * interval;
}

static void copy_real(struct crlock_process *row, struct signal_struct *signal)
{
	struct hrtimer *timer = &signal->real_timer;
	s64 left = ktime_to_ns(__hrtimer_get_remaining(timer, true));
	s64 interval = ktime_to_ns(signal->it_real_incr);

	row->itimer_real_interval_ns = interval;
	if (hrtimer_active(timer)) {
		row->itimer_real_ns = max_t(s64, left, NSEC_PER_USEC);
	} else if (interval) {
		/* dequeue_signal() of kernel/signal.c starts it again. */
		row->flags |= CRLOCK_PROCESS_ALARM_PENDING;
		row->itimer_real_ns = next_of(left, interval);
	}
}

static s64 cpu_time_left(const struct cpu_itimer *timer, u64 now)
{
	if (!timer->expires)
		return 0;
	return now < timer->expires ? timer->expires - now : TICK_NSEC;
}

/**
 * crlock_itimers_copy - Copies a process's interval timers, as getitimer(2) has them.
 * @row: gets them
 * @task: one of its threads; the caller holds its siglock
 */
void crlock_itimers_copy(struct crlock_process *row, struct task_struct *task)
{
	const struct cpu_itimer *virtual = &task->signal->it[CPUCLOCK_VIRT];
	const struct cpu_itimer *prof = &task->signal->it[CPUCLOCK_PROF];
	struct cpu_times times = {};

	copy_real(row, task->signal);
	if (virtual->expires || prof->expires)
		copy_times(&times, task);
	row->itimer_virtual_ns = cpu_time_left(virtual, times.of[CPUCLOCK_VIRT]);
	row->itimer_virtual_interval_ns = virtual->incr;
	row->itimer_prof_ns = cpu_time_left(prof, times.of[CPUCLOCK_PROF]);
	row->itimer_prof_interval_ns = prof->incr;
}

/* Timers of timer_create(2) ------------------------------------------------------------------------ */

/**
 * struct timers_look - The copying of a process's timers.
 * @rows: gets &struct crlock_timer
 * @ns: the reader's
 * @nr: timers on the list when it was last looked at
 * @first: the first of them; only compared
 * @nr_noted: how many of them were noted, in all batches
 * @nr_copied: rows that were filled in; in those after them the sigval is an address
 * @times: CPU times of the process, if @has_cpu_timer
 * @has_cpu_timer: one of those that were noted counts them
 */
struct timers_look {
	struct crlock_rows *rows;
	struct pid_namespace *ns;
	u32 nr;
	const struct k_itimer *first;
	u32 nr_noted;
	u32 nr_copied;
	struct cpu_times times;
	bool has_cpu_timer;
};

static s32 live_pid(struct pid *pid, enum pid_type type, struct pid_namespace *ns)
{
	return pid_task(pid, type) ? pid_nr_ns(pid, ns) : 0;
}

/*
 * What timer_gettime(2) says, from the time that is left until the next expiry, which may be over. Of a timer
 * that was never set, or has expired for the last time, that means nothing: it is not @is_due.
 */
static void copy_time(struct crlock_timer *row, const struct k_itimer *timer, bool is_due, s64 left,
		      s64 expires)
{
	bool is_none = timer->it_sigev_notify == SIGEV_NONE;
	s64 interval = ktime_to_ns(timer->it_interval), next = left;

	row->interval_ns = interval;
	/* One of which the signal is to be delivered is set anew after that, one without a signal never. */
	if (is_none || timer->it_requeue_pending & REQUEUE_PENDING)
		next = next_of(left, interval);
	if (is_none ? next <= 0 : !is_due && !interval)
		return;
	row->flags |= CRLOCK_TIMER_ARMED;
	row->value_ns = max_t(s64, next, 1);
	row->expires_ns = expires + (next - left);
}

static void copy_hrtimer(struct crlock_timer *row, const struct k_itimer *timer)
{
	const struct hrtimer *hrtimer = &timer->it.real.timer;
	clockid_t clock = READ_ONCE(hrtimer->base)->clockid;

	copy_time(row, timer, timer->it_active,
		  ktime_to_ns(__hrtimer_get_remaining(hrtimer, false)),
		  ktime_to_ns(hrtimer_get_expires(hrtimer)));
	if (row->flags & CRLOCK_TIMER_ARMED && (clock == CLOCK_REALTIME || clock == CLOCK_TAI))
		row->flags |= CRLOCK_TIMER_ABSOLUTE;
}

static void copy_alarm(struct crlock_timer *row, const struct k_itimer *timer)
{
	const struct alarm *alarm = &timer->it.alarm.alarmtimer;

	copy_time(row, timer, timer->it_active, ktime_to_ns(alarm_expires_remaining(alarm)),
		  ktime_to_ns(alarm->node.expires));
	if (row->flags & CRLOCK_TIMER_ARMED && row->clock == CLOCK_REALTIME_ALARM)
		row->flags |= CRLOCK_TIMER_ABSOLUTE;
}

static u64 cpu_time_of(const struct timers_look *look, const struct task_struct *task, clockid_t clock)
{
	struct cpu_times times = {};

	if (!CPUCLOCK_PERTHREAD(clock))
		return look->times.of[CPUCLOCK_WHICH(clock)];
	add_thread(&times, task);
	return times.of[CPUCLOCK_WHICH(clock)];
}

static void copy_cpu_timer(struct crlock_timer *row, const struct k_itimer *timer,
			   const struct task_struct *task, const struct timers_look *look)
{
	enum pid_type type = CPUCLOCK_PERTHREAD(timer->it_clock) ? PIDTYPE_PID : PIDTYPE_TGID;
	struct task_struct *whose = pid_task(timer->it.cpu.pid, type);
	s64 expires = timer->it.cpu.node.expires;

	row->clock_pid = live_pid(timer->it.cpu.pid, type, look->ns);
	row->interval_ns = ktime_to_ns(timer->it_interval);
	/* One that was never set, or has expired for the last time. */
	if (!expires)
		return;
	if (whose && whose->signal == task->signal) {
		copy_time(row, timer, true, expires - cpu_time_of(look, whose, timer->it_clock),
			  expires);
	} else {
		row->flags |= CRLOCK_TIMER_ELSEWHERE | CRLOCK_TIMER_ARMED;
		row->expires_ns = expires;
	}
}

/* Under it_lock, in an RCU section, which keeps the threads that pids lead to. */
static void copy_timer(struct crlock_timer *row, const struct k_itimer *timer,
		       const struct task_struct *task, const struct timers_look *look)
{
	*row = (struct crlock_timer){
		.sigval = (unsigned long)timer->sigq->info.si_value.sival_ptr,
		.id = timer->it_id,
		.clock = timer->it_clock,
		.notify = timer->it_sigev_notify,
		.signum = timer->sigq->info.si_signo,
		.overrun = min_t(s64, timer->it_overrun_last, INT_MAX),
	};
	if (timer->it_sigev_notify & SIGEV_THREAD_ID)
		row->notify_tid = live_pid(timer->it_pid, PIDTYPE_PID, look->ns);
	if (!list_empty(&timer->sigq->list))
		row->flags |= CRLOCK_TIMER_PENDING;
	if (timer->it_clock < 0)
		copy_cpu_timer(row, timer, task, look);
	else if (timer->it_clock == CLOCK_REALTIME_ALARM || timer->it_clock == CLOCK_BOOTTIME_ALARM)
		copy_alarm(row, timer);
	else
		copy_hrtimer(row, timer);
}

/* Whether the list is not what it was: its timers have new places then. */
static bool has_changed(struct timers_look *look, struct signal_struct *signal)
{
	const struct k_itimer *timer, *first = NULL;
	u32 nr = 0;
	bool changed;

	crlock_for_each_timer(timer, signal) {
		if (!nr++)
			first = timer;
	}
	changed = nr != look->nr || first != look->first;
	look->nr = nr;
	look->first = first;
	return changed;
}

/*
 * Under siglock. Return: 0 if all timers are noted, 1 if there are more, -ENOSPC if there is no room for
 * them, or -ESTALE if those that were noted before are no longer the first of the list.
 */
static int note_batch(struct task_struct *task, void *data)
{
	struct timers_look *look = data;
	struct crlock_rows *rows = look->rows;
	u32 end = look->nr_noted + BATCH, i = 0;
	struct crlock_timer *row;
	struct k_itimer *timer;

	if (has_changed(look, task->signal) && look->nr_noted)
		return -ESTALE;
	if (!crlock_rows_fit(rows, look->nr - look->nr_noted))
		return -ENOSPC;
	look->has_cpu_timer = false;
	crlock_for_each_timer(timer, task->signal) {
		if (i++ < look->nr_noted)
			continue;
		if (i > end)
			break;
		row = crlock_rows_add(rows);
		*row = (struct crlock_timer){ .sigval = (unsigned long)timer };
		look->has_cpu_timer |= timer->it_clock < 0;
	}
	look->nr_noted = min(end, look->nr);
	if (look->has_cpu_timer)
		copy_times(&look->times, task);
	return look->nr_noted < look->nr;
}

/* Fills in the rows of those that were noted, and gives up those of timers that were deleted since. */
static void copy_noted(struct timers_look *look, const struct task_struct *task)
{
	struct crlock_rows *rows = look->rows;
	struct k_itimer *timer;
	unsigned long flags;
	u32 i;

	for (i = look->nr_copied; i < rows->nr; i++) {
		timer = (void *)(unsigned long)((struct crlock_timer *)crlock_row(rows, i))->sigval;
		spin_lock_irqsave(&timer->it_lock, flags);
		if (crlock_timer_is_listed(timer))
			copy_timer(crlock_row(rows, look->nr_copied++), timer, task, look);
		spin_unlock_irqrestore(&timer->it_lock, flags);
	}
	rows->nr = look->nr_copied;
}

static int copy_batch(struct timers_look *look, struct task_struct *task)
{
	int ret;

	rcu_read_lock();
	ret = crlock_siglock_try(task, note_batch, look);
	if (ret >= 0)
		copy_noted(look, task);
	rcu_read_unlock();
	return ret;
}

/* Begins anew. Return: 1, or -EAGAIN after too many times. */
static int begin_anew(struct timers_look *look, u32 *times)
{
	look->rows->nr = 0;
	look->nr_noted = 0;
	look->nr_copied = 0;
	return ++*times < TRIES ? 1 : -EAGAIN;
}

/**
 * crlock_timers_copy - Copies the timers of a process. May sleep.
 * @rows: gets &struct crlock_timer, in place of what it has
 * @task: one of its threads; the caller has a reference
 * @ns: the reader's
 *
 * Of a process that runs they are those that there were at one moment, but for those that were deleted just
 * after.
 *
 * Return: 0; -ESRCH if the thread has been reaped; -EAGAIN if the process has many timers and makes or
 * deletes some all the time; -EINTR if the caller is being killed; -ENOMEM; -ENOBUFS, and then the memory
 * that would do is counted in the budget of @rows, which have no use but for crlock_timers_count().
 */
int crlock_timers_copy(struct crlock_rows *rows, struct task_struct *task, struct pid_namespace *ns)
{
	struct timers_look look = { .rows = rows, .ns = ns };
	u32 times = 0;
	int ret;

	rows->nr = 0;
	do {
		ret = copy_batch(&look, task);
		if (ret == -ESTALE || ret == -EBUSY) {
			ret = begin_anew(&look, &times);
		} else if (ret == -ENOSPC) {
			ret = crlock_rows_reserve(rows, look.nr - look.nr_noted) ?: 1;
			if (ret == -ENOBUFS) {
				crlock_rows_count(rows);
				crlock_rows_reserve(rows, look.nr - look.nr_noted);
			}
		}
		if (ret > 0 && fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	} while (ret > 0);
	return ret;
}

static int count_timers(struct task_struct *task, void *data)
{
	struct timers_look *look = data;

	has_changed(look, task->signal);
	return 0;
}

/**
 * crlock_timers_count - Counts the memory that crlock_timers_copy() would take. May sleep.
 * @rows: it gave -ENOBUFS with them
 * @task: a thread of another process; the caller has a reference
 */
void crlock_timers_count(struct crlock_rows *rows, struct task_struct *task)
{
	struct timers_look look = {};

	rows->nr = 0;
	if (!crlock_siglock_look(task, count_timers, &look))
		crlock_rows_reserve(rows, look.nr);
}
