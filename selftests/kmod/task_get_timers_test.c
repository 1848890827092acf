// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CRLOCK_CMD_TASK_GET: interval timers, and timers of timer_create(2).
 *
 * A child sets them, and says what it gets from the kernel itself, with the time before and after that. What
 * the module tells later of a timer that runs is less by the time between, which lies within limits.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "harness.h"

#include "child.h"
#include "tasks.h"

#define SECOND 1000000000LL
#define TICK   10000000LL /* the longest there is */

/* Kinds of timer that a child makes. */
enum kind {
	REALTIME,
	REALTIME_ABSOLUTE,
	MONOTONIC_THREAD,
	MONOTONIC_ABSOLUTE,
	BOOTTIME,
	TAI,
	REALTIME_ALARM,
	BOOTTIME_ALARM,
	NONE_INTERVAL, /* SIGEV_NONE, the first time over */
	NONE_OVER,
	NONE_RUNS,
	NEVER_SET,
	DISARMED,
	FIRED, /* its signal is pending */
	FIRED_INTERVAL,
	FIRED_AND_TAKEN, /* with overruns */
	CPU_PROCESS,
	CPU_THREAD,
	CPU_PROF,
	CPU_VIRT,
	CPU_NONE,
	CPU_PARENT,
	BY_DEFAULT, /* made without a sigevent */
	NR_KINDS,
};

static const struct {
	clockid_t clock;
	int told; /* clock that is told */
	int notify;
	int signal;
	int flags;
	struct itimerspec setting;
} kinds[NR_KINDS] = {
	[REALTIME] = { CLOCK_REALTIME, CLOCK_REALTIME, SIGEV_SIGNAL, SIGUSR1, 0, { { 3, 5 }, { 500, 0 } } },
	[REALTIME_ABSOLUTE] = { CLOCK_REALTIME,
				CLOCK_REALTIME,
				SIGEV_SIGNAL,
				SIGUSR2,
				TIMER_ABSTIME,
				{ {}, { 700, 1 } } },
	[MONOTONIC_THREAD] = { CLOCK_MONOTONIC, CLOCK_MONOTONIC, SIGEV_THREAD_ID, 40, 0, { {}, { 800, 0 } } },
	[MONOTONIC_ABSOLUTE] = { CLOCK_MONOTONIC,
				 CLOCK_MONOTONIC,
				 SIGEV_SIGNAL,
				 64,
				 TIMER_ABSTIME,
				 { { 1, 0 }, { 900, 0 } } },
	[BOOTTIME] = { CLOCK_BOOTTIME, CLOCK_BOOTTIME, SIGEV_SIGNAL, SIGUSR1, 0, { {}, { 1000, 0 } } },
	[TAI] = { CLOCK_TAI, CLOCK_TAI, SIGEV_SIGNAL, SIGUSR1, 0, { {}, { 1100, 0 } } },
	[REALTIME_ALARM] = { CLOCK_REALTIME_ALARM,
			     CLOCK_REALTIME_ALARM,
			     SIGEV_SIGNAL,
			     SIGUSR1,
			     0,
			     { { 9, 0 }, { 1200, 0 } } },
	[BOOTTIME_ALARM] = { CLOCK_BOOTTIME_ALARM,
			     CLOCK_BOOTTIME_ALARM,
			     SIGEV_SIGNAL,
			     SIGUSR1,
			     0,
			     { {}, { 1300, 0 } } },
	[NONE_INTERVAL] = { CLOCK_MONOTONIC, CLOCK_MONOTONIC, SIGEV_NONE, 0, 0, { { 1400, 0 }, { 0, 1 } } },
	[NONE_OVER] = { CLOCK_MONOTONIC, CLOCK_MONOTONIC, SIGEV_NONE, 0, 0, { {}, { 0, 1 } } },
	[NONE_RUNS] = { CLOCK_BOOTTIME, CLOCK_BOOTTIME, SIGEV_NONE, 0, 0, { {}, { 1500, 0 } } },
	[NEVER_SET] = { CLOCK_MONOTONIC, CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 0, {} },
	[DISARMED] = { CLOCK_REALTIME, CLOCK_REALTIME, SIGEV_SIGNAL, SIGUSR1, 0, { { 7, 0 }, { 0, 0 } } },
	[FIRED] = { CLOCK_MONOTONIC, CLOCK_MONOTONIC, SIGEV_SIGNAL, 50, 0, { {}, { 0, 1 } } },
	[FIRED_INTERVAL] = { CLOCK_MONOTONIC,
			     CLOCK_MONOTONIC,
			     SIGEV_SIGNAL,
			     51,
			     0,
			     { { 1600, 0 }, { 0, 1 } } },
	[FIRED_AND_TAKEN] = { CLOCK_MONOTONIC,
			      CLOCK_MONOTONIC,
			      SIGEV_SIGNAL,
			      52,
			      0,
			      { { 0, 1000000 }, { 0, 1 } } },
	[CPU_PROCESS] = { CLOCK_PROCESS_CPUTIME_ID, -6, SIGEV_SIGNAL, SIGUSR1, 0, { { 2, 0 }, { 1700, 0 } } },
	[CPU_THREAD] = { CLOCK_THREAD_CPUTIME_ID, -2, SIGEV_SIGNAL, SIGUSR1, 0, { {}, { 1800, 0 } } },
	[CPU_PROF] = { -8, -8, SIGEV_SIGNAL, SIGUSR1, 0, { {}, { 1900, 0 } } },
	[CPU_VIRT] = { -7, -7, SIGEV_SIGNAL, SIGUSR1, 0, { {}, { 2000, 0 } } },
	[CPU_NONE] = { -6, -6, SIGEV_NONE, 0, 0, { {}, { 2100, 0 } } },
	[CPU_PARENT] = { 0, 0, SIGEV_SIGNAL, SIGUSR1, TIMER_ABSTIME, { {}, { 2200, 0 } } },
	[BY_DEFAULT] = { CLOCK_MONOTONIC, CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGALRM, 0, { {}, { 2300, 0 } } },
};

/* What the child tells of one. */
struct made {
	int id;
	int error;
	clockid_t clock;
	int64_t before, after; /* by CLOCK_MONOTONIC, when it asked */
	int64_t value, interval; /* what it got */
	int64_t base; /* its clock's time, to which an absolute time was added */
	int overrun;
};

struct shared {
	struct made made[NR_KINDS];
	pid_t thread;
	int64_t started; /* CLOCK_MONOTONIC */
	struct itimerval interval[3];
	int64_t before[3], after[3];
	int nr, wanted; /* many timers */
	volatile int end;
};

FIXTURE(timers)
{
	struct shared *shared;
	struct tasks *tasks;
	struct child child;
};

FIXTURE_SETUP(timers)
{
	self->shared = shared_memory(sizeof(*self->shared));
	self->tasks = shared_memory(sizeof(*self->tasks));
	ASSERT_NE(NULL, self->shared);
	ASSERT_NE(NULL, self->tasks);
}

FIXTURE_TEARDOWN(timers)
{
	child_end(&self->child);
}

static void look(struct __test_metadata *_metadata, FIXTURE_DATA(timers) * self)
{
	ASSERT_EQ(0, tasks_read(self->tasks, self->child.pid))
	TH_LOG("%s", self->tasks->text);
}

static void pause_for_ever(void)
{
	for (;;)
		pause();
}

/* Timers of timer_create(2) ------------------------------------------------------------------------ */

static int64_t nanoseconds(struct timespec time)
{
	return time.tv_sec * SECOND + time.tv_nsec;
}

/* The C library's timer_create() hides its ids. */
static int create(clockid_t clock, int notify, int signal, int number, int *id)
{
	struct sigevent event = {
		.sigev_notify = notify,
		.sigev_signo = signal,
		.sigev_value.sival_ptr = (void *)(0x1234567890UL + number),
	};

	if (notify == SIGEV_THREAD_ID) {
		event.sigev_notify |= SIGEV_SIGNAL;
		event._sigev_un._tid = gettid();
	}
	return syscall(SYS_timer_create, clock, &event, id) ? errno : 0;
}

static int set(struct made *made, int flags, struct itimerspec setting)
{
	if (flags & TIMER_ABSTIME) {
		made->base = now_ns(made->clock);
		setting.it_value.tv_sec += made->base / SECOND;
	}
	return syscall(SYS_timer_settime, made->id, flags, &setting, NULL) ? errno : 0;
}

static void make(struct made *made, enum kind kind)
{
	made->clock = kinds[kind].clock;
	if (kind == CPU_PARENT)
		clock_getcpuclockid(getppid(), &made->clock);
	if (kind == BY_DEFAULT)
		made->error = syscall(SYS_timer_create, made->clock, NULL, &made->id) ? errno : 0;
	else
		made->error = create(made->clock, kinds[kind].notify, kinds[kind].signal, kind, &made->id);
	if (!made->error && kind == DISARMED)
		made->error = set(made, 0, (struct itimerspec){ { 1, 0 }, { 1000, 0 } });
	if (!made->error && kind != NEVER_SET)
		made->error = set(made, kinds[kind].flags, kinds[kind].setting);
}

static bool is_pending(int signal)
{
	sigset_t pending;

	sigpending(&pending);
	return sigismember(&pending, signal);
}

/* Takes a signal that has come more than once meanwhile; it comes again. */
static void take(struct made *made)
{
	siginfo_t info;
	sigset_t set_of;

	sigemptyset(&set_of);
	sigaddset(&set_of, kinds[FIRED_AND_TAKEN].signal);
	do
		sigwaitinfo(&set_of, &info);
	while (info.si_overrun < 2);
	made->overrun = syscall(SYS_timer_getoverrun, made->id);
}

static void ask(struct made *made)
{
	struct itimerspec setting;

	made->before = now_ns(CLOCK_MONOTONIC);
	syscall(SYS_timer_gettime, made->id, &setting);
	made->after = now_ns(CLOCK_MONOTONIC);
	made->value = nanoseconds(setting.it_value);
	made->interval = nanoseconds(setting.it_interval);
}

static void make_all(void *data)
{
	struct shared *shared = data;
	sigset_t all;

	shared->started = now_ns(CLOCK_MONOTONIC);
	shared->thread = gettid();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	for (int kind = 0; kind < NR_KINDS; kind++)
		make(&shared->made[kind], kind);
	if (!until(is_pending(kinds[FIRED].signal) && is_pending(kinds[FIRED_INTERVAL].signal)))
		_exit(1);
	take(&shared->made[FIRED_AND_TAKEN]);
	for (int kind = 0; kind < NR_KINDS; kind++)
		ask(&shared->made[kind]);
}

static bool is_cpu(enum kind kind)
{
	return kind >= CPU_PROCESS && kind <= CPU_PARENT;
}

static void check_static(struct __test_metadata *_metadata, const struct shared *shared, enum kind kind,
			 const struct crlock_timer *timer)
{
	const struct made *made = &shared->made[kind];

	EXPECT_EQ(kind == CPU_PARENT ? made->clock : kinds[kind].told, timer->clock);
	EXPECT_EQ(made->interval, timer->interval_ns);
	if (kind == BY_DEFAULT) {
		EXPECT_EQ(SIGEV_SIGNAL, timer->notify);
		EXPECT_EQ(made->id, (int)timer->sigval);
	} else {
		EXPECT_EQ(kinds[kind].notify, timer->notify);
		EXPECT_EQ(0x1234567890UL + kind, timer->sigval);
	}
	EXPECT_EQ(kinds[kind].signal, timer->signum);
	EXPECT_EQ(kind == MONOTONIC_THREAD ? shared->thread : 0, timer->notify_tid);
	EXPECT_EQ(made->overrun, timer->overrun);
}

static uint32_t wanted_flags(enum kind kind)
{
	switch (kind) {
	case NONE_OVER:
	case NEVER_SET:
	case DISARMED:
		return 0;
	case FIRED:
		return CRLOCK_TIMER_PENDING;
	case FIRED_INTERVAL:
		return CRLOCK_TIMER_PENDING | CRLOCK_TIMER_ARMED;
	case REALTIME_ABSOLUTE:
	case REALTIME_ALARM:
	case TAI:
		return CRLOCK_TIMER_ARMED | CRLOCK_TIMER_ABSOLUTE;
	case CPU_PARENT:
		return CRLOCK_TIMER_ARMED | CRLOCK_TIMER_ELSEWHERE;
	default:
		return CRLOCK_TIMER_ARMED;
	}
}

/* Of one that runs by elapsed time. */
static void check_elapsed(struct __test_metadata *_metadata, const struct made *made,
			  const struct crlock_timer *timer, const struct tasks *tasks)
{
	EXPECT_LE(made->value - (tasks->after[CLOCK_MONOTONIC] - made->before), timer->value_ns);
	EXPECT_GE(made->value - (tasks->before[CLOCK_MONOTONIC] - made->after), timer->value_ns);
}

/* Of one that runs by CPU time: that passes no faster than the other, but in ticks. */
static void check_cpu(struct __test_metadata *_metadata, const struct made *made,
		      const struct crlock_timer *timer, const struct tasks *tasks)
{
	EXPECT_LE(made->value - (tasks->after[CLOCK_MONOTONIC] - made->before) - TICK, timer->value_ns);
	EXPECT_GE(made->value + TICK, timer->value_ns);
}

static void check_expiry(struct __test_metadata *_metadata, enum kind kind, const struct made *made,
			 const struct crlock_timer *timer, const struct tasks *tasks)
{
	clockid_t clock = kinds[kind].told;

	if (kind == REALTIME)
		clock = CLOCK_MONOTONIC;
	if (kinds[kind].flags & TIMER_ABSTIME) {
		EXPECT_EQ(made->base / SECOND * SECOND + nanoseconds(kinds[kind].setting.it_value),
			  timer->expires_ns);
	} else {
		EXPECT_LE(tasks->before[clock] + timer->value_ns, timer->expires_ns);
		EXPECT_GE(tasks->after[clock] + timer->value_ns, timer->expires_ns);
	}
}

static void check(struct __test_metadata *_metadata, FIXTURE_DATA(timers) * self, enum kind kind)
{
	const struct made *made = &self->shared->made[kind];
	const struct crlock_timer *timer;

	ASSERT_EQ(0, made->error);
	timer = tasks_timer(self->tasks, made->id);
	ASSERT_NE(NULL, timer);
	check_static(_metadata, self->shared, kind, timer);
	/* That one goes on with its signal. */
	if (kind != FIRED_AND_TAKEN) {
		EXPECT_EQ(wanted_flags(kind), timer->flags);
	}
	if (!(timer->flags & CRLOCK_TIMER_ARMED)) {
		EXPECT_EQ(0, timer->value_ns);
		EXPECT_EQ(0, timer->expires_ns);
		EXPECT_EQ(0, made->value);
		return;
	}
	if (kind == CPU_PARENT) {
		EXPECT_EQ(0, timer->value_ns);
		EXPECT_EQ(made->base / SECOND * SECOND + nanoseconds(kinds[kind].setting.it_value),
			  timer->expires_ns);
	} else if (kind == FIRED_AND_TAKEN) {
		EXPECT_LE(1, timer->value_ns);
		EXPECT_GE(made->interval, timer->value_ns);
	} else if (is_cpu(kind)) {
		check_cpu(_metadata, made, timer, self->tasks);
	} else {
		check_elapsed(_metadata, made, timer, self->tasks);
		check_expiry(_metadata, kind, made, timer, self->tasks);
	}
}

static pid_t clock_pid(const struct tasks *tasks, int id)
{
	return tasks_timer(tasks, id)->clock_pid;
}

TEST_F(timers, of_every_kind)
{
	ASSERT_TRUE(child_start(&self->child, make_all, NULL, self->shared));
	ASSERT_TRUE(stop(self->child.pid));
	look(_metadata, self);
	ASSERT_EQ(NR_KINDS, self->tasks->state.nr_timers);
	for (int kind = 0; kind < NR_KINDS && !_metadata->exit_code; kind++) {
		check(_metadata, self, kind);
		if (_metadata->exit_code)
			TH_LOG("timer %d", kind);
	}
	EXPECT_EQ(self->child.pid, clock_pid(self->tasks, self->shared->made[CPU_PROCESS].id));
	EXPECT_EQ(self->child.pid, clock_pid(self->tasks, self->shared->made[CPU_THREAD].id));
	EXPECT_EQ(getpid(), clock_pid(self->tasks, self->shared->made[CPU_PARENT].id));
	EXPECT_EQ(0, clock_pid(self->tasks, self->shared->made[REALTIME].id));
}

/* It is less by exactly what the clock says, while the process is stopped. */
TEST_F(timers, run_on_while_stopped)
{
	int64_t before, after, value, passed;
	int id;

	ASSERT_TRUE(child_start(&self->child, make_all, NULL, self->shared));
	ASSERT_TRUE(stop(self->child.pid));
	look(_metadata, self);
	id = self->shared->made[REALTIME].id;
	before = self->tasks->before[CLOCK_MONOTONIC];
	after = self->tasks->after[CLOCK_MONOTONIC];
	value = tasks_timer(self->tasks, id)->value_ns;
	ASSERT_TRUE(until(now_ns(CLOCK_MONOTONIC) > after + SECOND / 10));
	look(_metadata, self);
	passed = value - tasks_timer(self->tasks, id)->value_ns;
	EXPECT_LE(self->tasks->before[CLOCK_MONOTONIC] - after, passed);
	EXPECT_GE(self->tasks->after[CLOCK_MONOTONIC] - before, passed);
}

/* CPU time does not. */
TEST_F(timers, of_cpu_time_stand_still_while_stopped)
{
	int64_t value;
	int id;

	ASSERT_TRUE(child_start(&self->child, make_all, NULL, self->shared));
	ASSERT_TRUE(stop(self->child.pid));
	look(_metadata, self);
	id = self->shared->made[CPU_PROCESS].id;
	/* Who has told that it is stopped may still be on its way off the processor. */
	do {
		value = tasks_timer(self->tasks, id)->value_ns;
		look(_metadata, self);
	} while (value != tasks_timer(self->tasks, id)->value_ns);
	ASSERT_TRUE(until(now_ns(CLOCK_MONOTONIC) > self->tasks->after[CLOCK_MONOTONIC] + SECOND / 10));
	look(_metadata, self);
	EXPECT_EQ(value, tasks_timer(self->tasks, id)->value_ns);
}

static void make_one_of_cpu_time(void *data)
{
	struct made *made = &((struct shared *)data)->made[CPU_NONE];

	made->before = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	make(made, CPU_NONE);
	made->after = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	while (now_ns(CLOCK_PROCESS_CPUTIME_ID) < made->after + SECOND / 20)
		;
}

/*
 * Without a signal that it would have to give in time, the kernel keeps no sums for it. What the process has used
 * anyone may ask.
 */
TEST_F(timers, one_of_cpu_time_without_a_signal)
{
	const struct made *made = &self->shared->made[CPU_NONE];
	const int64_t set = 2100 * SECOND;
	const struct crlock_timer *timer;
	clockid_t clock;
	int64_t now;

	ASSERT_TRUE(child_start(&self->child, make_one_of_cpu_time, NULL, self->shared));
	ASSERT_TRUE(stop(self->child.pid));
	ASSERT_EQ(0, clock_getcpuclockid(self->child.pid, &clock));
	/* Who has told that it is stopped may still be on its way off the processor. */
	do {
		now = now_ns(clock);
		look(_metadata, self);
	} while (now != now_ns(clock));
	ASSERT_EQ(0, made->error);
	timer = tasks_timer(self->tasks, made->id);
	ASSERT_NE(NULL, timer);
	EXPECT_LE(made->before + set - now, timer->value_ns);
	EXPECT_GE(made->after + set - now, timer->value_ns);
	EXPECT_LE(made->before + set, timer->expires_ns);
	EXPECT_GE(made->after + set, timer->expires_ns);
}

static void make_many(void *data)
{
	struct rlimit limit = { 10000, 10000 };
	struct shared *shared = data;
	int id;

	setrlimit(RLIMIT_SIGPENDING, &limit);
	while (shared->nr < shared->wanted) {
		if (create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, shared->nr, &id))
			_exit(1);
		shared->nr++;
	}
}

/* More than are copied in one go, and than fit in one message. */
TEST_F(timers, many)
{
	bool *seen = calloc(5000, sizeof(*seen));

	ASSERT_NE(NULL, seen);
	self->shared->wanted = 5000;
	ASSERT_TRUE(child_start(&self->child, make_many, NULL, self->shared));
	look(_metadata, self);
	ASSERT_EQ(5000, self->tasks->state.nr_timers);
	for (int i = 0; i < 5000; i++) {
		uint64_t number = self->tasks->timers[i].sigval - 0x1234567890UL;

		ASSERT_GT(5000, number);
		ASSERT_FALSE(seen[number]);
		seen[number] = true;
	}
	/* The latest is the first. */
	EXPECT_EQ(0x1234567890UL + 4999, self->tasks->timers[0].sigval);
	free(seen);
}

/* Makes and deletes timers, of which some expire, without an end. */
static void churn(void *data)
{
	struct itimerspec soon = { { 0, 100000 }, { 0, 100000 } };
	struct shared *shared = data;
	int ids[32], i;

	signal(SIGUSR1, SIG_IGN);
	while (!shared->end) {
		for (i = 0; i < 32; i++) {
			if (create(i % 2 ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID, SIGEV_SIGNAL, SIGUSR1,
				   i, &ids[i]))
				_exit(1);
			syscall(SYS_timer_settime, ids[i], 0, &soon, NULL);
		}
		for (i = 0; i < 32; i++)
			syscall(SYS_timer_delete, ids[i]);
		shared->nr++;
	}
}

TEST_F(timers, that_come_and_go)
{
	ASSERT_TRUE(child_start(&self->child, NULL, churn, self->shared));
	for (int i = 0; i < 300; i++) {
		look(_metadata, self);
		EXPECT_GE(32, self->tasks->state.nr_timers);
		for (size_t j = 0; j < self->tasks->state.nr_timers; j++)
			EXPECT_GT(32, self->tasks->timers[j].sigval - 0x1234567890UL);
	}
	EXPECT_LT(0, self->shared->nr);
	self->shared->end = 1;
}

/* Interval timers ---------------------------------------------------------------------------------- */

static void set_interval_timers(void *data)
{
	const struct itimerval settings[3] = {
		[ITIMER_REAL] = { { 3, 4 }, { 1000, 0 } },
		[ITIMER_VIRTUAL] = { { 5, 6 }, { 1100, 0 } },
		[ITIMER_PROF] = { { 0, 0 }, { 1200, 0 } },
	};
	struct shared *shared = data;

	for (int which = 0; which < 3; which++)
		setitimer(which, &settings[which], NULL);
	for (int which = 0; which < 3; which++) {
		shared->before[which] = now_ns(CLOCK_MONOTONIC);
		getitimer(which, &shared->interval[which]);
		shared->after[which] = now_ns(CLOCK_MONOTONIC);
	}
}

static int64_t microseconds(struct timeval time)
{
	return time.tv_sec * SECOND + time.tv_usec * 1000;
}

TEST_F(timers, of_setitimer)
{
	const struct shared *shared = self->shared;
	const struct crlock_process *process = &self->tasks->state.process;
	int64_t passed;

	ASSERT_TRUE(child_start(&self->child, set_interval_timers, NULL, self->shared));
	ASSERT_TRUE(stop(self->child.pid));
	look(_metadata, self);
	passed = self->tasks->after[CLOCK_MONOTONIC] - shared->before[ITIMER_REAL];
	EXPECT_LE(microseconds(shared->interval[ITIMER_REAL].it_value) - passed, process->itimer_real_ns);
	/* getitimer(2) cuts off what is less than a microsecond. */
	passed = self->tasks->before[CLOCK_MONOTONIC] - shared->after[ITIMER_REAL];
	EXPECT_GE(microseconds(shared->interval[ITIMER_REAL].it_value) + 1000 - passed,
		  process->itimer_real_ns);
	EXPECT_EQ(3 * SECOND + 4000, process->itimer_real_interval_ns);

	passed = self->tasks->after[CLOCK_MONOTONIC] - shared->before[ITIMER_VIRTUAL] + TICK;
	EXPECT_LE(microseconds(shared->interval[ITIMER_VIRTUAL].it_value) - passed,
		  process->itimer_virtual_ns);
	EXPECT_GE(microseconds(shared->interval[ITIMER_VIRTUAL].it_value) + 1000, process->itimer_virtual_ns);
	EXPECT_EQ(5 * SECOND + 6000, process->itimer_virtual_interval_ns);

	passed = self->tasks->after[CLOCK_MONOTONIC] - shared->before[ITIMER_PROF] + TICK;
	EXPECT_LE(microseconds(shared->interval[ITIMER_PROF].it_value) - passed, process->itimer_prof_ns);
	EXPECT_GE(microseconds(shared->interval[ITIMER_PROF].it_value) + 1000, process->itimer_prof_ns);
	EXPECT_EQ(0, process->itimer_prof_interval_ns);
	EXPECT_EQ(0, process->flags & CRLOCK_PROCESS_ALARM_PENDING);
}

static void wait_for_alarm(void *data)
{
	const struct itimerval setting = { { 1000, 0 }, { 0, 1 } };
	struct shared *shared = data;
	sigset_t alarm;

	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	sigprocmask(SIG_BLOCK, &alarm, NULL);
	shared->started = now_ns(CLOCK_MONOTONIC);
	setitimer(ITIMER_REAL, &setting, NULL);
	if (!until(is_pending(SIGALRM)))
		_exit(1);
	getitimer(ITIMER_REAL, &shared->interval[ITIMER_REAL]);
}

/* getitimer(2) says 0 then, from which the timer could not be set again. */
TEST_F(timers, alarm_that_is_pending)
{
	const struct crlock_process *process = &self->tasks->state.process;

	ASSERT_TRUE(child_start(&self->child, wait_for_alarm, NULL, self->shared));
	ASSERT_TRUE(stop(self->child.pid));
	look(_metadata, self);
	EXPECT_EQ(0, microseconds(self->shared->interval[ITIMER_REAL].it_value));
	EXPECT_EQ(CRLOCK_PROCESS_ALARM_PENDING, process->flags);
	EXPECT_EQ(1000 * SECOND, process->itimer_real_interval_ns);
	EXPECT_LE(1000 * SECOND - (self->tasks->after[CLOCK_MONOTONIC] - self->shared->started),
		  process->itimer_real_ns);
	EXPECT_GE(1000 * SECOND, process->itimer_real_ns);
}

static void have_none(void *data)
{
	pause_for_ever();
}

TEST_F(timers, none)
{
	const struct crlock_process *process = &self->tasks->state.process;

	ASSERT_TRUE(child_start(&self->child, NULL, have_none, NULL));
	look(_metadata, self);
	EXPECT_EQ(0, self->tasks->state.nr_timers);
	EXPECT_EQ(0, process->itimer_real_ns | process->itimer_real_interval_ns);
	EXPECT_EQ(0, process->itimer_virtual_ns | process->itimer_virtual_interval_ns);
	EXPECT_EQ(0, process->itimer_prof_ns | process->itimer_prof_interval_ns);
	EXPECT_EQ(0, process->flags);
}

TEST_HARNESS_MAIN
