// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CRLOCK_CMD_TASK_GET: how the system calls of stopped threads go on, and with how much time.
 *
 * Times are compared with limits only: what a child saw on the clock before it began, and what is left at
 * the latest by the clock after the answer.
 */
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness.h"

#include "child.h"
#include "tasks.h"

#define SECOND 1000000000LL
#define LONG   (1000 * SECOND)

/* What a child does, and addresses and times that it tells before. */
struct sleeper {
	clockid_t clock; /* that counts */
	int64_t began; /* of it, just before the call */
	struct timespec left;
	struct pollfd pollfd[3];
	uint32_t word;
	int error;
};

FIXTURE(restart)
{
	struct sleeper *sleeper;
	struct tasks *tasks;
	struct child child;
	const struct crlock_task *task;
};

FIXTURE_SETUP(restart)
{
	self->sleeper = shared_memory(sizeof(*self->sleeper));
	self->tasks = shared_memory(sizeof(*self->tasks));
	ASSERT_NE(NULL, self->sleeper);
	ASSERT_NE(NULL, self->tasks);
}

FIXTURE_TEARDOWN(restart)
{
	child_end(&self->child);
}

static void begin(struct sleeper *sleeper)
{
	sleeper->began = now_ns(sleeper->clock);
}

/* Starts a child that sleeps in a call, and stops it there. */
static void stop_in(struct __test_metadata *_metadata, FIXTURE_DATA(restart) * self, child_fn *fn,
		    long number)
{
	ASSERT_TRUE(child_start(&self->child, NULL, fn, self->sleeper));
	ASSERT_TRUE(await_call(self->child.pid, number))
	TH_LOG("errno %d", self->sleeper->error);
	ASSERT_TRUE(stop(self->child.pid));
}

static void look(struct __test_metadata *_metadata, FIXTURE_DATA(restart) * self)
{
	ASSERT_EQ(0, tasks_read(self->tasks, self->child.pid))
	TH_LOG("%s", self->tasks->text);
	self->task = tasks_find(self->tasks, self->child.pid);
	ASSERT_NE(NULL, self->task);
}

static void expect_time(struct __test_metadata *_metadata, FIXTURE_DATA(restart) * self, int64_t asked)
{
	clockid_t clock = self->sleeper->clock;

	EXPECT_EQ(CRLOCK_RESTART_TIMED, self->task->restart_flags);
	EXPECT_EQ(clock, self->task->restart_clock);
	EXPECT_LE(self->sleeper->began + asked - self->tasks->after[clock], self->task->restart_ns);
	EXPECT_GE(asked, self->task->restart_ns);
}

/*
 * Once as it was interrupted, and once more after it went on, when the number of the call in the registers
 * is that of restart_syscall(2).
 */
static void look_twice(struct __test_metadata *_metadata, FIXTURE_DATA(restart) * self,
		       enum crlock_restart_kind kind, int64_t asked, const void *address)
{
	for (int i = 0; i < 2; i++) {
		look(_metadata, self);
		EXPECT_EQ(CRLOCK_THREAD_TRACED, self->task->state);
		EXPECT_EQ(kind, self->task->restart_kind);
		EXPECT_EQ((unsigned long)address, self->task->restart_address);
		expect_time(_metadata, self, asked);
		let_go(self->child.pid);
		ASSERT_TRUE(await_call(self->child.pid, SYS_restart_syscall));
		ASSERT_TRUE(stop(self->child.pid));
	}
}

static const struct timespec long_time = { .tv_sec = LONG / SECOND };

static void sleep_long(void *data)
{
	struct sleeper *sleeper = data;

	begin(sleeper);
	nanosleep(&long_time, &sleeper->left);
}

TEST_F(restart, nanosleep)
{
	self->sleeper->clock = CLOCK_MONOTONIC;
	stop_in(_metadata, self, sleep_long, SYS_clock_nanosleep);
	look_twice(_metadata, self, CRLOCK_RESTART_NANOSLEEP, LONG, &self->sleeper->left);
}

static void sleep_raw(void *data)
{
	begin(data);
	syscall(SYS_nanosleep, &long_time, NULL);
}

TEST_F(restart, nanosleep_that_does_not_ask_for_the_rest)
{
	self->sleeper->clock = CLOCK_MONOTONIC;
	stop_in(_metadata, self, sleep_raw, SYS_nanosleep);
	look_twice(_metadata, self, CRLOCK_RESTART_NANOSLEEP, LONG, NULL);
}

static void sleep_on_clock(void *data)
{
	struct sleeper *sleeper = data;

	begin(sleeper);
	sleeper->error = clock_nanosleep(sleeper->clock, 0, &long_time, &sleeper->left);
}

TEST_F(restart, nanosleep_on_boottime)
{
	self->sleeper->clock = CLOCK_BOOTTIME;
	stop_in(_metadata, self, sleep_on_clock, SYS_clock_nanosleep);
	look_twice(_metadata, self, CRLOCK_RESTART_NANOSLEEP, LONG, &self->sleeper->left);
}

TEST_F(restart, nanosleep_on_tai)
{
	self->sleeper->clock = CLOCK_TAI;
	stop_in(_metadata, self, sleep_on_clock, SYS_clock_nanosleep);
	look_twice(_metadata, self, CRLOCK_RESTART_NANOSLEEP, LONG, &self->sleeper->left);
}

static void sleep_on_realtime(void *data)
{
	begin(data);
	clock_nanosleep(CLOCK_REALTIME, 0, &long_time, NULL);
}

/* Which is not to be shortened by setting the clock. */
TEST_F(restart, nanosleep_on_realtime_is_on_monotonic)
{
	self->sleeper->clock = CLOCK_MONOTONIC;
	stop_in(_metadata, self, sleep_on_realtime, SYS_clock_nanosleep);
	look_twice(_metadata, self, CRLOCK_RESTART_NANOSLEEP, LONG, NULL);
}

TEST_F(restart, nanosleep_on_an_alarm_clock)
{
	const clockid_t clocks[] = { CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM };

	for (int i = 0; i < 2; i++) {
		self->sleeper->clock = clocks[i];
		stop_in(_metadata, self, sleep_on_clock, SYS_clock_nanosleep);
		look_twice(_metadata, self, CRLOCK_RESTART_NANOSLEEP, LONG, &self->sleeper->left);
		child_end(&self->child);
	}
}

static void sleep_until(void *data)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	time.tv_sec += 1000;
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, data);
}

/* It is only made again. */
TEST_F(restart, nanosleep_until_a_time)
{
	stop_in(_metadata, self, sleep_until, SYS_clock_nanosleep);
	look(_metadata, self);
	EXPECT_EQ(CRLOCK_RESTART_NONE, self->task->restart_kind);
	EXPECT_EQ(0, self->task->restart_flags);
	EXPECT_EQ(0, self->task->restart_ns);
}

static void sleep_on_cpu_time(void *data)
{
	struct sleeper *sleeper = data;

	begin(sleeper);
	sleeper->error = clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, 0, &long_time, &sleeper->left);
}

TEST_F(restart, nanosleep_on_cpu_time)
{
	clockid_t clock;

	self->sleeper->clock = CLOCK_PROCESS_CPUTIME_ID;
	stop_in(_metadata, self, sleep_on_cpu_time, SYS_clock_nanosleep);
	look(_metadata, self);
	EXPECT_EQ(CRLOCK_RESTART_NANOSLEEP, self->task->restart_kind);
	EXPECT_EQ(CRLOCK_RESTART_CPU, self->task->restart_flags);
	EXPECT_EQ(-6, self->task->restart_clock);
	EXPECT_EQ((unsigned long)&self->sleeper->left, self->task->restart_address);
	EXPECT_LE(self->sleeper->began + LONG, self->task->restart_ns);
	ASSERT_EQ(0, clock_getcpuclockid(self->child.pid, &clock));
	EXPECT_GE(now_ns(clock) + LONG, self->task->restart_ns);
}

static void poll_long(void *data)
{
	struct sleeper *sleeper = data;

	begin(sleeper);
	for (int i = 0; i < 3; i++)
		sleeper->pollfd[i].fd = -1;
	syscall(SYS_poll, sleeper->pollfd, 3, LONG / 1000000);
}

#ifdef __x86_64__
/* Calls of 32-bit programs: with addresses of so many bits, and numbers of their own. */
static long call_32(long number, const void *first, long second, long third, const void *fourth)
{
	long ret = number;

	asm volatile("int $0x80"
		     : "+a"(ret)
		     : "b"(first), "c"(second), "d"(third), "S"(fourth)
		     : "memory", "r8", "r9", "r10", "r11");
	return ret;
}

struct low {
	int32_t time[2];
	int32_t left[2];
	uint32_t word;
};

static struct low *low_memory;

static void sleep_32(void *data)
{
	low_memory->time[0] = LONG / SECOND;
	begin(data);
	call_32(162, low_memory->time, (long)low_memory->left, 0, NULL);
}

static bool make_low_memory(void)
{
	void *memory =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	low_memory = memory;
	return memory != MAP_FAILED;
}

/* Which a kernel may lack, and then kill who makes one. */
static void try_call_32(void *data)
{
	if (call_32(162, NULL, 0, 0, NULL) != -EFAULT)
		_exit(1);
}

TEST_F(restart, nanosleep_of_a_32_bit_program)
{
	if (!child_run(try_call_32, NULL))
		SKIP(return, "the kernel has no 32-bit calls with 32-bit times");
	ASSERT_TRUE(make_low_memory());
	self->sleeper->clock = CLOCK_MONOTONIC;
	stop_in(_metadata, self, sleep_32, 162);
	look(_metadata, self);
	EXPECT_EQ(CRLOCK_RESTART_NANOSLEEP, self->task->restart_kind);
	EXPECT_EQ(CRLOCK_RESTART_TIMED | CRLOCK_RESTART_COMPAT, self->task->restart_flags);
	EXPECT_EQ((unsigned long)low_memory->left, self->task->restart_address);
	EXPECT_EQ(CLOCK_MONOTONIC, self->task->restart_clock);
	EXPECT_LE(self->sleeper->began + LONG - self->tasks->after[CLOCK_MONOTONIC], self->task->restart_ns);
	EXPECT_GE(LONG, self->task->restart_ns);
}

static void wait_for_bits_32(void *data)
{
	struct sleeper *sleeper = data;
	long ret = 240;

	begin(sleeper);
	low_memory->time[0] = (sleeper->began + LONG) / SECOND;
	low_memory->time[1] = (sleeper->began + LONG) % SECOND;
	/* The sixth argument, the bit set, is in the register of frames. */
	asm volatile("mov %%rbp, %%r12\n\tmov $0x33, %%ebp\n\tint $0x80\n\tmov %%r12, %%rbp"
		     : "+a"(ret)
		     : "b"(&low_memory->word), "c"(FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME), "d"(0),
		       "S"(low_memory->time)
		     : "memory", "r8", "r9", "r10", "r11", "r12");
	sleeper->error = ret;
}

TEST_F(restart, futex_of_a_32_bit_program)
{
	if (!child_run(try_call_32, NULL))
		SKIP(return, "the kernel has no 32-bit calls with 32-bit times");
	ASSERT_TRUE(make_low_memory());
	self->sleeper->clock = CLOCK_REALTIME;
	stop_in(_metadata, self, wait_for_bits_32, 240);
	look(_metadata, self);
	EXPECT_EQ(CRLOCK_RESTART_FUTEX, self->task->restart_kind);
	EXPECT_EQ((unsigned long)&low_memory->word, self->task->restart_address);
	EXPECT_EQ(0x33, self->task->restart_bitset);
	expect_time(_metadata, self, LONG);
}
#endif

TEST_F(restart, poll)
{
	self->sleeper->clock = CLOCK_MONOTONIC;
	stop_in(_metadata, self, poll_long, SYS_poll);
	look_twice(_metadata, self, CRLOCK_RESTART_POLL, LONG, self->sleeper->pollfd);
	look(_metadata, self);
	EXPECT_EQ(3, self->task->restart_value);
}

static void poll_for_ever(void *data)
{
	struct sleeper *sleeper = data;

	sleeper->pollfd[0].fd = -1;
	syscall(SYS_poll, sleeper->pollfd, 1, -1);
}

TEST_F(restart, poll_without_a_timeout)
{
	stop_in(_metadata, self, poll_for_ever, SYS_poll);
	look(_metadata, self);
	EXPECT_EQ(CRLOCK_RESTART_POLL, self->task->restart_kind);
	EXPECT_EQ(0, self->task->restart_flags);
	EXPECT_EQ(0, self->task->restart_ns);
	EXPECT_EQ((unsigned long)self->sleeper->pollfd, self->task->restart_address);
	EXPECT_EQ(1, self->task->restart_value);
}

static void wait_for_word(void *data)
{
	struct sleeper *sleeper = data;

	begin(sleeper);
	sleeper->word = 77;
	syscall(SYS_futex, &sleeper->word, FUTEX_WAIT, 77, &long_time);
}

TEST_F(restart, futex)
{
	self->sleeper->clock = CLOCK_MONOTONIC;
	stop_in(_metadata, self, wait_for_word, SYS_futex);
	look_twice(_metadata, self, CRLOCK_RESTART_FUTEX, LONG, &self->sleeper->word);
	look(_metadata, self);
	EXPECT_EQ(77, self->task->restart_value);
	EXPECT_EQ(FUTEX_BITSET_MATCH_ANY, self->task->restart_bitset);
}

static void wait_for_bits(void *data)
{
	struct sleeper *sleeper = data;
	struct timespec time;

	begin(sleeper);
	time.tv_sec = (sleeper->began + LONG) / SECOND;
	time.tv_nsec = (sleeper->began + LONG) % SECOND;
	syscall(SYS_futex, &sleeper->word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &time, NULL, 0x5a);
}

TEST_F(restart, futex_on_realtime)
{
	self->sleeper->clock = CLOCK_REALTIME;
	stop_in(_metadata, self, wait_for_bits, SYS_futex);
	look_twice(_metadata, self, CRLOCK_RESTART_FUTEX, LONG, &self->sleeper->word);
	look(_metadata, self);
	EXPECT_EQ(0, self->task->restart_value);
	EXPECT_EQ(0x5a, self->task->restart_bitset);
}

/* In that time it must be seen asleep, and stopped, also by who is slow. */
#define LITTLE 2

static void sleep_a_little(void *data)
{
	static const struct timespec time = { .tv_sec = LITTLE };
	struct sleeper *sleeper = data;

	begin(sleeper);
	nanosleep(&time, &sleeper->left);
}

/* The time of a sleep goes on while it is stopped. */
TEST_F(restart, time_that_is_over)
{
	self->sleeper->clock = CLOCK_MONOTONIC;
	stop_in(_metadata, self, sleep_a_little, SYS_clock_nanosleep);
	ASSERT_TRUE(until(now_ns(CLOCK_MONOTONIC) > self->sleeper->began + LITTLE * SECOND + SECOND / 2));
	look(_metadata, self);
	EXPECT_EQ(CRLOCK_RESTART_NANOSLEEP, self->task->restart_kind);
	EXPECT_GT(0, self->task->restart_ns);
	EXPECT_LE(self->sleeper->began + LITTLE * SECOND - self->tasks->after[CLOCK_MONOTONIC],
		  self->task->restart_ns);
}

static void read_nothing(void *data)
{
	int ends[2];
	char byte;

	if (!pipe(ends))
		((struct sleeper *)data)->error = read(ends[0], &byte, 1);
}

/* The restart block of a call that is over still has what was in it. */
static void sleep_and_read(void *data)
{
	sleep_a_little(data);
	read_nothing(data);
}

TEST_F(restart, other_calls_have_none)
{
	stop_in(_metadata, self, sleep_and_read, SYS_read);
	look(_metadata, self);
	EXPECT_EQ(CRLOCK_RESTART_NONE, self->task->restart_kind);
	EXPECT_EQ(0, self->task->restart_flags);
	EXPECT_EQ(0, self->task->restart_address);
}

/* What is left in registers of the call before means nothing. */
static void sleep_and_compute(void *data)
{
	sleep_a_little(data);
	for (;;)
		((volatile struct sleeper *)data)->word++;
}

TEST_F(restart, threads_outside_of_calls_have_none)
{
	ASSERT_TRUE(child_start(&self->child, NULL, sleep_and_compute, self->sleeper));
	ASSERT_TRUE(until(((volatile struct sleeper *)self->sleeper)->word));
	look(_metadata, self);
	EXPECT_EQ(CRLOCK_THREAD_RUNNING, self->task->state);
	EXPECT_EQ(CRLOCK_RESTART_NONE, self->task->restart_kind);
	ASSERT_TRUE(stop(self->child.pid));
	look(_metadata, self);
	EXPECT_EQ(CRLOCK_THREAD_TRACED, self->task->state);
	EXPECT_EQ(CRLOCK_RESTART_NONE, self->task->restart_kind);
}

TEST_F(restart, threads_that_sleep_on_have_none)
{
	ASSERT_TRUE(child_start(&self->child, NULL, sleep_long, self->sleeper));
	ASSERT_TRUE(await_call(self->child.pid, SYS_clock_nanosleep));
	look(_metadata, self);
	EXPECT_EQ(CRLOCK_THREAD_RUNNING, self->task->state);
	EXPECT_EQ(CRLOCK_RESTART_NONE, self->task->restart_kind);
}

/* As it is told also in a job control stop. */
TEST_F(restart, stopped_by_a_signal)
{
	self->sleeper->clock = CLOCK_MONOTONIC;
	ASSERT_TRUE(child_start(&self->child, NULL, sleep_long, self->sleeper));
	ASSERT_TRUE(await_call(self->child.pid, SYS_clock_nanosleep));
	kill(self->child.pid, SIGSTOP);
	ASSERT_TRUE(child_await(self->child.pid, 'T'));
	look(_metadata, self);
	EXPECT_EQ(CRLOCK_THREAD_STOPPED, self->task->state);
	EXPECT_EQ(CRLOCK_RESTART_NANOSLEEP, self->task->restart_kind);
	expect_time(_metadata, self, LONG);
}

TEST_HARNESS_MAIN
