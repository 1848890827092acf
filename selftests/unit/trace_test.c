// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stopping processes, letting them go on, and system calls made in them.
 */
/* links: trace procfs : -lpthread */
#include <alloca.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The harness's FIXTURE_SETUP() makes functions without. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#include "kselftest_harness.h"
#include "procfs/process.h"
#include "trace/remote.h"
#include "trace/tree.h"

/* What children report, in memory that they share with the test. */
struct shared {
	volatile long count;
	volatile long result;
	volatile long error;
	volatile long signals;
	volatile long elapsed_ms;
};

static struct shared *shared;

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void nap(long ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&time, &time) && errno == EINTR)
		;
}

static char state_of(pid_t pid)
{
	struct proc_stat stat = { .state = '?' };
	int dir = proc_open(pid);

	if (dir >= 0) {
		proc_stat_read(dir, &stat);
		close(dir);
	}
	return stat.state;
}

static bool wait_for_state(pid_t pid, char state)
{
	for (int i = 0; i < 5000; i++) {
		if (state_of(pid) == state)
			return true;
		nap(1);
	}
	return false;
}

/* Whether it becomes so: who else does something may have to wait for a processor. */
#define SOON(so) \
	({ \
		bool is_ = false; \
		for (int i_ = 0; i_ < 10000 && !(is_ = (so)); i_++) \
			nap(1); \
		is_; \
	})

static pid_t start(void (*body)(void))
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	body();
	_exit(0);
}

static int end(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return status;
}

FIXTURE(trace)
{
	struct trace_tree tree;
	char why[256];
	pid_t pid;
};

FIXTURE_SETUP(trace)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, shared);
}

FIXTURE_TEARDOWN(trace)
{
	if (self->pid > 0)
		kill(self->pid, SIGKILL);
	munmap(shared, sizeof(*shared));
}

static void *count_on(void *data)
{
	while (shared)
		__sync_fetch_and_add(&shared->count, 1);
	return data;
}

static void *do_nothing(void *data)
{
	return data;
}

static void *make_threads(void *data)
{
	pthread_t thread;

	while (shared) {
		if (!pthread_create(&thread, NULL, do_nothing, NULL))
			pthread_join(thread, NULL);
		__sync_fetch_and_add(&shared->count, 1);
	}
	return data;
}

/* Threads that count, one that makes threads, and processes that make processes. */
static void be_busy(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, count_on, NULL);
	pthread_create(&thread, NULL, make_threads, NULL);
	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		shared->result = 1;
		for (;;) {
			pid_t pid = fork();

			if (!pid)
				_exit(0);
			waitpid(pid, NULL, 0);
			__sync_fetch_and_add(&shared->count, 1);
		}
	}
	pause();
}

TEST_F(trace, stops_all_of_a_busy_tree)
{
	long before;

	self->pid = start(be_busy);
	ASSERT_TRUE(SOON(shared->result == 1));
	for (int i = 0; i < 20; i++) {
		nap(10);
		ASSERT_EQ(0, trace_tree_stop(&self->tree, self->pid, true, self->why, sizeof(self->why)))
		TH_LOG("%s", self->why);
		EXPECT_TRUE(trace_tree_has(&self->tree, self->pid));
		EXPECT_EQ(self->pid, self->tree.processes[0].pid);
		EXPECT_LE(2, self->tree.nr);
		before = shared->count;
		nap(5);
		EXPECT_EQ(before, shared->count);
		trace_tree_release(&self->tree);
		EXPECT_TRUE(SOON(shared->count != before));
	}
}

static void fork_and_wait(void)
{
	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
	}
	shared->count = 1;
	pause();
}

TEST_F(trace, leaves_children_alone_if_not_wanted)
{
	self->pid = start(fork_and_wait);
	ASSERT_TRUE(SOON(shared->count == 1));
	ASSERT_EQ(0, trace_tree_stop(&self->tree, self->pid, false, self->why, sizeof(self->why)));
	EXPECT_EQ(1, self->tree.nr);
	trace_tree_release(&self->tree);
	ASSERT_EQ(0, trace_tree_stop(&self->tree, self->pid, true, self->why, sizeof(self->why)));
	EXPECT_EQ(2, self->tree.nr);
	EXPECT_EQ(self->pid, self->tree.processes[1].ppid);
	trace_tree_release(&self->tree);
}

static void pause_for_ever(void)
{
	for (;;)
		pause();
}

TEST_F(trace, stopped_stays_stopped)
{
	self->pid = start(pause_for_ever);
	kill(self->pid, SIGSTOP);
	ASSERT_TRUE(wait_for_state(self->pid, 'T'));
	ASSERT_EQ(0, trace_tree_stop(&self->tree, self->pid, true, self->why, sizeof(self->why)));
	EXPECT_TRUE(self->tree.processes[0].threads[0].was_stopped);
	EXPECT_EQ('t', state_of(self->pid));
	trace_tree_release(&self->tree);
	EXPECT_TRUE(wait_for_state(self->pid, 'T'));
	kill(self->pid, SIGCONT);
	EXPECT_TRUE(wait_for_state(self->pid, 'S'));
}

static void start_zombie(void)
{
	siginfo_t info;
	pid_t child = fork();

	if (!child)
		_exit(0);
	shared->result = waitid(P_PID, child, &info, WEXITED | WNOWAIT);
	shared->count = 1;
	pause_for_ever();
}

TEST_F(trace, zombies_are_told)
{
	self->pid = start(start_zombie);
	ASSERT_TRUE(SOON(shared->count == 1));
	ASSERT_EQ(0, trace_tree_stop(&self->tree, self->pid, true, self->why, sizeof(self->why)));
	ASSERT_EQ(2, self->tree.nr);
	EXPECT_TRUE(self->tree.processes[1].zombie);
	EXPECT_EQ(0, self->tree.processes[1].nr_threads);
	trace_tree_release(&self->tree);
}

static void note_signal(int signal)
{
	(void)signal;
	shared->signals++;
}

static void count_signals(void)
{
	signal(SIGUSR1, note_signal);
	shared->count = 1;
	while (!shared->signals)
		pause();
	shared->result = 1;
	pause_for_ever();
}

TEST_F(trace, signals_come_after_the_release)
{
	self->pid = start(count_signals);
	while (!shared->count)
		nap(1);
	ASSERT_EQ(0, trace_tree_stop(&self->tree, self->pid, true, self->why, sizeof(self->why)));
	kill(self->pid, SIGUSR1);
	nap(20);
	EXPECT_EQ(0, shared->signals);
	trace_tree_release(&self->tree);
	EXPECT_TRUE(SOON(shared->result == 1));
	EXPECT_EQ(1, shared->signals);
}

static void storm(void)
{
	signal(SIGUSR1, note_signal);
	shared->count = 1;
	pause_for_ever();
}

/* A signal that is about to be delivered while the thread is to stop must be neither lost nor doubled. */
TEST_F(trace, signals_are_neither_lost_nor_doubled)
{
	self->pid = start(storm);
	while (!shared->count)
		nap(1);
	for (long sent = 1; sent <= 200; sent++) {
		kill(self->pid, SIGUSR1);
		ASSERT_EQ(0, trace_tree_stop(&self->tree, self->pid, false, self->why, sizeof(self->why)));
		trace_tree_release(&self->tree);
		for (int i = 0; i < 1000 && shared->signals < sent; i++)
			nap(1);
		ASSERT_EQ(sent, shared->signals);
	}
}

TEST_F(trace, who_is_traced_by_another_is_named)
{
	pid_t tracer;

	self->pid = start(pause_for_ever);
	tracer = fork();
	if (!tracer) {
		ptrace(PTRACE_SEIZE, self->pid, 0, 0);
		shared->count = 1;
		pause_for_ever();
	}
	while (!shared->count)
		nap(1);
	EXPECT_EQ(-EPERM, trace_tree_stop(&self->tree, self->pid, true, self->why, sizeof(self->why)));
	EXPECT_NE(NULL, strstr(self->why, "is traced by process"));
	EXPECT_EQ(-ESRCH, trace_tree_stop(&self->tree, 0x7ffffff0, true, self->why, sizeof(self->why)));
	EXPECT_EQ(-EDEADLK, trace_tree_stop(&self->tree, getpid(), true, self->why, sizeof(self->why)));
	kill(tracer, SIGKILL);
	end(tracer);
}

/* Makes fcntl(fd, F_SETLK) in the stopped process. */
static long remote_lock(struct __test_metadata *_metadata, pid_t pid, int fd, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = 0, .l_len = 100 };
	struct trace_remote *remote;
	unsigned long address;
	char why[256] = "";
	long result = -1;

	EXPECT_EQ(0, trace_remote_open(&remote, pid, why, sizeof(why)))
	TH_LOG("%s", why);
	if (!remote)
		return -1;
	EXPECT_EQ(0, trace_remote_write(remote, &lock, sizeof(lock), &address));
	EXPECT_EQ(0,
		  trace_remote_call(remote, SYS_fcntl, (unsigned long[6]){ fd, F_SETLK, address }, &result));
	EXPECT_EQ(0, trace_remote_close(remote));
	return result;
}

static pid_t owner_of_lock(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0 };

	return fcntl(fd, F_GETLK, &lock) || lock.l_type == F_UNLCK ? 0 : lock.l_pid;
}

static int shared_pipe[2];

static void sleep_a_second(void)
{
	struct timespec time = { 1, 0 }, left = { 0 };
	long begin = now_ms();

	shared->count = 1;
	shared->result = nanosleep(&time, &left);
	shared->error = errno;
	shared->elapsed_ms = now_ms() - begin;
}

static void poll_a_second(void)
{
	struct pollfd pollfd = { shared_pipe[0], POLLIN, 0 };
	long begin = now_ms();

	shared->count = 1;
	shared->result = poll(&pollfd, 1, 1000);
	shared->error = errno;
	shared->elapsed_ms = now_ms() - begin;
}

static void read_pipe(void)
{
	char byte = 0;

	shared->count = 1;
	shared->result = read(shared_pipe[0], &byte, 1);
	shared->error = errno;
	shared->elapsed_ms = byte;
}

static void wait_for_lock(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 500, .l_len = 1 };

	shared->count = 1;
	shared->result = fcntl(shared_pipe[1], F_SETLKW, &lock);
	shared->error = errno;
}

static void suspend_for_usr1(void)
{
	sigset_t usr1, none;

	signal(SIGUSR1, note_signal);
	sigemptyset(&none);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	shared->count = 1;
	shared->result = sigsuspend(&none);
	shared->error = errno;
	/* The mask is the old one again. */
	raise(SIGUSR1);
	shared->elapsed_ms = shared->signals;
}

/* Floating point and vector registers, and the red zone, must be as they were. */
static void compute(void)
{
	double sum = 0;

	shared->count = 1;
	while (!shared->signals) {
		sum = 0;
		for (int i = 1; i < 100000; i++)
			sum += 1.0 / i;
		if (sum < 12.0901360 || sum > 12.0901362) {
			shared->error = 1;
			break;
		}
	}
	shared->result = 1;
}

static void lock_remotely(struct __test_metadata *_metadata, FIXTURE_DATA(trace) * self, void (*body)(void),
			  int fd)
{
	long began;

	self->pid = start(body);
	while (!shared->count)
		nap(1);
	began = now_ms();
	nap(100);
	/* A sleep of a second must not be over before that is. */
	for (int i = 0; i < 10 && now_ms() - began < 400; i++) {
		ASSERT_EQ(0, trace_tree_stop(&self->tree, self->pid, true, self->why, sizeof(self->why)));
		EXPECT_EQ(0, remote_lock(_metadata, self->pid, fd, F_WRLCK));
		EXPECT_EQ(self->pid, owner_of_lock(fd));
		EXPECT_EQ(0, remote_lock(_metadata, self->pid, fd, F_UNLCK));
		EXPECT_EQ(-EBADF, remote_lock(_metadata, self->pid, 999, F_WRLCK));
		EXPECT_EQ(0, owner_of_lock(fd));
		trace_tree_release(&self->tree);
		nap(10);
	}
}

static int make_file(void)
{
	return memfd_create("locked", MFD_CLOEXEC);
}

TEST_F(trace, nanosleep_goes_on_after_a_call)
{
	int fd = make_file();

	lock_remotely(_metadata, self, sleep_a_second, fd);
	EXPECT_EQ(0, end(self->pid));
	EXPECT_EQ(0, shared->result);
	EXPECT_LE(990, shared->elapsed_ms);
	EXPECT_GT(5000, shared->elapsed_ms);
	self->pid = 0;
}

TEST_F(trace, poll_goes_on_after_a_call)
{
	int fd = make_file();

	ASSERT_EQ(0, pipe(shared_pipe));
	lock_remotely(_metadata, self, poll_a_second, fd);
	EXPECT_EQ(0, end(self->pid));
	EXPECT_EQ(0, shared->result);
	EXPECT_LE(990, shared->elapsed_ms);
	EXPECT_GT(5000, shared->elapsed_ms);
	self->pid = 0;
}

TEST_F(trace, read_goes_on_after_a_call)
{
	int fd = make_file();

	ASSERT_EQ(0, pipe(shared_pipe));
	lock_remotely(_metadata, self, read_pipe, fd);
	EXPECT_EQ(1, write(shared_pipe[1], "x", 1));
	EXPECT_EQ(0, end(self->pid));
	EXPECT_EQ(1, shared->result);
	EXPECT_EQ('x', shared->elapsed_ms);
	self->pid = 0;
}

TEST_F(trace, waiting_for_a_lock_goes_on_after_a_call)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 500, .l_len = 1 };
	int fd = make_file(), other = make_file();

	shared_pipe[1] = other;
	ASSERT_EQ(0, fcntl(other, F_SETLK, &lock));
	lock_remotely(_metadata, self, wait_for_lock, fd);
	EXPECT_TRUE(wait_for_state(self->pid, 'S'));
	lock.l_type = F_UNLCK;
	ASSERT_EQ(0, fcntl(other, F_SETLK, &lock));
	EXPECT_EQ(0, end(self->pid));
	EXPECT_EQ(0, shared->result);
	self->pid = 0;
}

TEST_F(trace, sigsuspend_goes_on_after_a_call)
{
	int fd = make_file();

	lock_remotely(_metadata, self, suspend_for_usr1, fd);
	kill(self->pid, SIGUSR1);
	EXPECT_EQ(0, end(self->pid));
	EXPECT_EQ(-1, shared->result);
	EXPECT_EQ(EINTR, shared->error);
	EXPECT_EQ(1, shared->elapsed_ms);
	self->pid = 0;
}

TEST_F(trace, computing_goes_on_after_a_call)
{
	int fd = make_file();

	lock_remotely(_metadata, self, compute, fd);
	shared->signals = 1;
	EXPECT_EQ(0, end(self->pid));
	EXPECT_EQ(1, shared->result);
	EXPECT_EQ(0, shared->error);
	self->pid = 0;
}

/* Signals that come between: none is delivered in the middle, none is lost. */
/* Up to where a tracer comes before it is killed. */
enum killed {
	KILLED_STOPPED,
	KILLED_OPEN,
	KILLED_CALLED,
	KILLED_WRITTEN,
	NR_KILLED,
};

static void __attribute__((noreturn)) trace_and_die(pid_t pid, enum killed when)
{
	struct trace_remote *remote = NULL;
	struct trace_tree tree;
	unsigned long address;
	char why[256] = "";
	long result;

	if (trace_tree_stop(&tree, pid, true, why, sizeof(why)))
		_exit(1);
	if (when >= KILLED_OPEN && trace_remote_open(&remote, pid, why, sizeof(why)))
		_exit(1);
	if (when >= KILLED_CALLED && trace_remote_call(remote, SYS_getpid, (unsigned long[6]){ 0 }, &result))
		_exit(1);
	if (when >= KILLED_WRITTEN && trace_remote_write(remote, why, sizeof(why), &address))
		_exit(1);
	kill(getpid(), SIGKILL);
	_exit(1);
}

static void kill_tracers(struct __test_metadata *_metadata, FIXTURE_DATA(trace) * self, void (*body)(void))
{
	struct proc_status before, after;
	int dir, status;
	pid_t tracer;

	self->pid = start(body);
	while (!shared->count)
		nap(1);
	nap(100);
	dir = proc_open(self->pid);
	ASSERT_EQ(0, proc_status_read(dir, &before));
	for (enum killed when = 0; when < NR_KILLED; when++) {
		tracer = fork();
		if (!tracer)
			trace_and_die(self->pid, when);
		EXPECT_EQ(tracer, waitpid(tracer, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status));
		EXPECT_TRUE(SOON(!proc_status_read(dir, &after) && after.sig_blocked == before.sig_blocked));
		EXPECT_EQ(0, after.tracer);
	}
	close(dir);
}

TEST_F(trace, computing_goes_on_when_the_tracer_is_killed)
{
	kill_tracers(_metadata, self, compute);
	kill(self->pid, SIGUSR1);
	EXPECT_EQ(SIGUSR1, WTERMSIG(end(self->pid)));
	EXPECT_EQ(0, shared->error);
}

/* Deeper than the stack has ever been, and near the end of a page: there is not yet a page for a frame. */
static void compute_deep(void)
{
	volatile char *bottom = alloca(512 << 10);

	bottom = alloca(((uintptr_t)bottom & 4095) + 3000);
	bottom[0] = 1;
	compute();
}

TEST_F(trace, who_is_deep_in_its_stack_goes_on_when_the_tracer_is_killed)
{
	kill_tracers(_metadata, self, compute_deep);
	kill(self->pid, SIGUSR1);
	EXPECT_EQ(SIGUSR1, WTERMSIG(end(self->pid)));
	EXPECT_EQ(0, shared->error);
}

TEST_F(trace, read_goes_on_when_the_tracer_is_killed)
{
	ASSERT_EQ(0, pipe(shared_pipe));
	kill_tracers(_metadata, self, read_pipe);
	ASSERT_EQ(1, write(shared_pipe[1], "x", 1));
	EXPECT_EQ(0, end(self->pid));
	EXPECT_EQ(1, shared->result);
	EXPECT_EQ('x', shared->elapsed_ms);
}

static void wait_in_epoll(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(0);

	shared->error = epoll_ctl(epoll, EPOLL_CTL_ADD, shared_pipe[0], &event);
	shared->count = 1;
	shared->result = epoll_wait(epoll, &event, 1, -1);
	shared->error = errno;
}

TEST_F(trace, epoll_goes_on_when_the_tracer_is_killed)
{
	ASSERT_EQ(0, pipe(shared_pipe));
	kill_tracers(_metadata, self, wait_in_epoll);
	ASSERT_EQ(1, write(shared_pipe[1], "x", 1));
	EXPECT_EQ(0, end(self->pid));
	EXPECT_EQ(1, shared->result);
}

TEST_F(trace, signals_during_a_call_wait)
{
	int fd = make_file();

	self->pid = start(count_signals);
	while (!shared->count)
		nap(1);
	ASSERT_EQ(0, trace_tree_stop(&self->tree, self->pid, true, self->why, sizeof(self->why)));
	kill(self->pid, SIGUSR1);
	EXPECT_EQ(0, remote_lock(_metadata, self->pid, fd, F_WRLCK));
	EXPECT_EQ(0, shared->signals);
	EXPECT_EQ(self->pid, owner_of_lock(fd));
	trace_tree_release(&self->tree);
	EXPECT_TRUE(SOON(shared->result == 1));
	EXPECT_EQ(1, shared->signals);
}

TEST_F(trace, stopped_stays_stopped_after_a_call)
{
	int fd = make_file();

	self->pid = start(pause_for_ever);
	kill(self->pid, SIGSTOP);
	ASSERT_TRUE(wait_for_state(self->pid, 'T'));
	ASSERT_EQ(0, trace_tree_stop(&self->tree, self->pid, true, self->why, sizeof(self->why)));
	EXPECT_EQ(0, remote_lock(_metadata, self->pid, fd, F_WRLCK));
	trace_tree_release(&self->tree);
	EXPECT_TRUE(wait_for_state(self->pid, 'T'));
	EXPECT_EQ(self->pid, owner_of_lock(fd));
	kill(self->pid, SIGCONT);
	EXPECT_TRUE(wait_for_state(self->pid, 'S'));
}

TEST_F(trace, killed_meanwhile)
{
	struct trace_remote *remote;
	long result;
	int fd = make_file();

	self->pid = start(pause_for_ever);
	ASSERT_EQ(0, trace_tree_stop(&self->tree, self->pid, true, self->why, sizeof(self->why)));
	ASSERT_EQ(0, trace_remote_open(&remote, self->pid, self->why, sizeof(self->why)));
	kill(self->pid, SIGKILL);
	nap(20);
	EXPECT_EQ(-ESRCH, trace_remote_call(remote, SYS_getpid, (unsigned long[6]){ fd }, &result));
	EXPECT_NE(0, trace_remote_close(remote));
	trace_tree_release(&self->tree);
	EXPECT_EQ(SIGKILL, end(self->pid));
	self->pid = 0;
}

TEST_HARNESS_MAIN
