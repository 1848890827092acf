// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CRLOCK_CMD_REGS_GET: byte for byte what PTRACE_GETREGSET gives, of threads that do not run, and nothing
 * of those that do.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#include "child.h"
#include "freezer.h"
#include "place.h"
#include "registers.h"
#include "told.h"

/* What the module tells of threads -------------------------------------------------------------------- */

#define SETS_MAX    16
#define SET_MAX	    16384
#define THREADS_MAX 64

struct regset {
	uint32_t note, size;
	char data[SET_MAX];
};

struct thread {
	struct crlock_thread row;
	struct regset sets[SETS_MAX];
	size_t nr_sets;
};

struct threads {
	size_t nr;
	char text[256];
	struct thread threads[THREADS_MAX];
};

static int keep_thread(const struct crlock_thread *row, const struct crlock_regset *sets, size_t nr_sets,
		       void *data)
{
	struct threads *threads = data;
	struct thread *thread = &threads->threads[threads->nr];

	if (threads->nr == THREADS_MAX || nr_sets > SETS_MAX)
		return -E2BIG;
	thread->row = *row;
	thread->nr_sets = nr_sets;
	for (size_t i = 0; i < nr_sets; i++) {
		if (sets[i].size > SET_MAX)
			return -E2BIG;
		thread->sets[i].note = sets[i].note;
		thread->sets[i].size = sets[i].size;
		memcpy(thread->sets[i].data, sets[i].data, sets[i].size);
	}
	threads->nr++;
	return 0;
}

/* Asks for one thread, or all of a process. Returns: 0 or the error. */
static int ask(struct threads *threads, pid_t pid, bool all)
{
	struct crlock *crlock;
	int err;

	threads->nr = 0;
	threads->text[0] = '\0';
	err = crlock_open(&crlock);
	if (err)
		return err;
	if (all)
		err = crlock_each_thread(crlock, pid, keep_thread, threads);
	else
		err = crlock_thread_regs(crlock, pid, keep_thread, threads);
	strncat(threads->text, crlock_error(crlock), sizeof(threads->text) - 1);
	crlock_close(crlock);
	return err;
}

static const struct regset *find_set(const struct thread *thread, uint32_t note)
{
	const struct regset *found = NULL;

	for (size_t i = 0; i < thread->nr_sets; i++) {
		if (thread->sets[i].note != note)
			continue;
		/* None is there twice. */
		if (found)
			return NULL;
		found = &thread->sets[i];
	}
	return found;
}

/* What ptrace(2) tells ---------------------------------------------------------------------------------- */

static bool seize(pid_t tid)
{
	return !ptrace(PTRACE_SEIZE, tid, NULL, NULL) && !ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
}

static bool wait_for_stop(pid_t tid)
{
	int status;

	return waitpid(tid, &status, __WALL) == tid && WIFSTOPPED(status);
}

static uint32_t note_of(unsigned int i, unsigned int nr)
{
	return i < nr ? i : NT_PRXFPREG;
}

/* Every note that any architecture has. Returns: how many sets ptrace(2) has. */
static size_t expect_sets(struct __test_metadata *_metadata, const struct thread *thread)
{
	static char data[SET_MAX];
	const unsigned int nr = 0x1000;
	size_t found = 0;

	for (unsigned int i = 1; i <= nr; i++) {
		struct iovec vec = { data, sizeof(data) };
		uint32_t note = note_of(i, nr);
		const struct regset *set = find_set(thread, note);

		if (ptrace(PTRACE_GETREGSET, thread->row.tid, note, &vec) || !vec.iov_len) {
			EXPECT_EQ(NULL, set) TH_LOG("NT 0x%x is not there for ptrace", note);
			continue;
		}
		found++;
		EXPECT_NE(NULL, set) TH_LOG("NT 0x%x is missing", note);
		if (!set)
			continue;
		EXPECT_EQ(vec.iov_len, set->size) TH_LOG("NT 0x%x", note);
		EXPECT_EQ(0, memcmp(data, set->data, set->size)) TH_LOG("NT 0x%x differs", note);
	}
	EXPECT_EQ(found, thread->nr_sets);
	return found;
}

/* One thread, in each state ------------------------------------------------------------------------------ */

FIXTURE(regs)
{
	struct place place;
	struct child child;
	struct freezer freezer;
	struct threads *told;
	pid_t pid;
};

FIXTURE_VARIANT(regs)
{
	child_fn *what;
	char state; /* that it is in meanwhile */
	size_t nr_sets; /* at least */
};

FIXTURE_SETUP(regs)
{
	struct crlock_info info;
	volatile int *flag;

	ASSERT_EQ(0, crlock_get_info(&info));
	ASSERT_TRUE(info.features & CRLOCK_FEATURE_REGSETS);
	ASSERT_TRUE(place_enter(&self->place));
	self->told = calloc(1, sizeof(*self->told));
	ASSERT_NE(NULL, self->told);
	flag = registers_flag_new();
	ASSERT_NE(NULL, flag);
	ASSERT_TRUE(child_start(&self->child, NULL, variant->what, (void *)flag));
	self->pid = self->child.pid;
	ASSERT_TRUE(until(*flag));
	ASSERT_TRUE(child_await(self->pid, variant->state));
}

FIXTURE_TEARDOWN(regs)
{
	if (self->freezer.group[0])
		freezer_thaw(&self->freezer);
	child_end(&self->child);
	freezer_remove(&self->freezer);
	place_leave(&self->place);
}

FIXTURE_VARIANT_ADD(regs, running){
	.what = registers_spin,
	.state = 'R',
	.nr_sets = 3,
};

FIXTURE_VARIANT_ADD(regs, sleeping){
	.what = registers_sleep,
	.state = 'S',
	.nr_sets = 3,
};

FIXTURE_VARIANT_ADD(regs, running_32bit){
	.what = registers_spin_32bit,
	.state = 'R',
	.nr_sets = 4,
};

FIXTURE_VARIANT_ADD(regs, running_with_ports){
	.what = registers_spin_with_ports,
	.state = 'R',
	.nr_sets = 4,
};

/* Asks for the thread, which must be told of in that state. */
#define ASK(state_) \
	do { \
		ASSERT_EQ(0, ask(self->told, self->pid, false)) TH_LOG("%s", self->told->text); \
		ASSERT_EQ(1, self->told->nr); \
		EXPECT_EQ(self->pid, self->told->threads[0].row.tid); \
		EXPECT_EQ(self->pid, self->told->threads[0].row.tgid); \
		EXPECT_EQ(0, self->told->threads[0].row.error); \
		EXPECT_EQ(state_, self->told->threads[0].row.state); \
	} while (0)

#define EXPECT_SETS() EXPECT_LE(variant->nr_sets, expect_sets(_metadata, &self->told->threads[0]))

TEST_F(regs, are_not_told_of_a_thread_that_goes_on)
{
	EXPECT_EQ(-EAGAIN, ask(self->told, self->pid, false));
	EXPECT_EQ(0, self->told->nr);
	EXPECT_STREQ("TID: the thread is neither stopped, traced nor frozen", self->told->text);
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->pid, NULL, NULL));
	EXPECT_EQ(-EAGAIN, ask(self->told, self->pid, false));
}

TEST_F(regs, are_told_of_a_traced_thread)
{
	ASSERT_TRUE(seize(self->pid));
	ASSERT_TRUE(wait_for_stop(self->pid));
	ASK(CRLOCK_THREAD_TRACED);
	EXPECT_SETS();
}

/* And again once its tracer has written them. */
TEST_F(regs, are_those_that_a_tracer_has_set)
{
	static struct user_regs_struct regs;
	struct iovec vec = { &regs, sizeof(regs) };

	ASSERT_TRUE(seize(self->pid));
	ASSERT_TRUE(wait_for_stop(self->pid));
	ASK(CRLOCK_THREAD_TRACED);
	ASSERT_EQ(0, ptrace(PTRACE_GETREGSET, self->pid, NT_PRSTATUS, &vec));
	((unsigned char *)&regs)[0] ^= 0x55;
	ASSERT_EQ(0, ptrace(PTRACE_SETREGSET, self->pid, NT_PRSTATUS, &vec));
	EXPECT_NE(0, memcmp(&regs, find_set(&self->told->threads[0], NT_PRSTATUS)->data, vec.iov_len));
	ASK(CRLOCK_THREAD_TRACED);
	EXPECT_EQ(0, memcmp(&regs, find_set(&self->told->threads[0], NT_PRSTATUS)->data, vec.iov_len));
	EXPECT_SETS();
}

TEST_F(regs, are_told_of_a_stopped_thread)
{
	ASSERT_EQ(0, kill(self->pid, SIGSTOP));
	ASSERT_TRUE(child_await(self->pid, 'T'));
	ASK(CRLOCK_THREAD_STOPPED);
	ASSERT_TRUE(seize(self->pid));
	ASSERT_TRUE(wait_for_stop(self->pid));
	EXPECT_SETS();
}

TEST_F(regs, are_told_of_a_frozen_thread)
{
	ASSERT_TRUE(freezer_make(&self->freezer, 2));
	ASSERT_TRUE(freezer_freeze(&self->freezer, self->pid));
	ASK(CRLOCK_THREAD_FROZEN);
	ASSERT_TRUE(seize(self->pid));
	ASSERT_TRUE(wait_for_stop(self->pid));
	EXPECT_SETS();
}

/* Who is frozen by version 1 does not even stop for its tracer, until it is thawed. */
TEST_F(regs, are_told_of_a_thread_frozen_by_version_1)
{
	if (!freezer_make(&self->freezer, 1))
		SKIP(return, "the kernel has no freezer of cgroup version 1");
	ASSERT_TRUE(freezer_freeze(&self->freezer, self->pid));
	ASK(CRLOCK_THREAD_FROZEN);
	ASSERT_TRUE(seize(self->pid));
	ASSERT_TRUE(freezer_thaw(&self->freezer));
	ASSERT_TRUE(wait_for_stop(self->pid));
	EXPECT_SETS();
}

TEST_F(regs, are_told_of_a_thread_traced_and_frozen)
{
	ASSERT_TRUE(seize(self->pid));
	ASSERT_TRUE(wait_for_stop(self->pid));
	ASSERT_TRUE(freezer_make(&self->freezer, 2));
	ASSERT_TRUE(freezer_freeze(&self->freezer, self->pid));
	ASK(CRLOCK_THREAD_TRACED);
	EXPECT_SETS();
}

TEST_F(regs, are_not_told_of_a_thread_that_is_gone)
{
	pid_t pid = self->pid;

	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_TRUE(child_await(pid, 'Z'));
	EXPECT_EQ(-ESRCH, ask(self->told, pid, false));
	EXPECT_STREQ("TID: no such thread", self->told->text);
	child_end(&self->child);
	EXPECT_EQ(-ESRCH, ask(self->told, pid, false));
	EXPECT_EQ(-ESRCH, ask(self->told, pid, true));
	EXPECT_EQ(0, self->told->nr);
	EXPECT_STREQ("TGID: no such process", self->told->text);
}

TEST(regs_are_not_told_of_the_reader_itself)
{
	struct threads *told = calloc(1, sizeof(*told));

	EXPECT_EQ(-EAGAIN, ask(told, getpid(), false));
	EXPECT_EQ(0, ask(told, getpid(), true));
	ASSERT_EQ(1, told->nr);
	EXPECT_EQ(EAGAIN, told->threads[0].row.error);
	free(told);
}

/* All threads of a process -------------------------------------------------------------------------------- */

#define NR_THREADS 24

/* What a process with many threads says of itself. */
struct family {
	pid_t tids[NR_THREADS];
	volatile int nr;
	int *flag;
};

static struct family *family;

static void *be_one(void *data)
{
	long i = (long)data;

	family->tids[i] = syscall(SYS_gettid);
	__sync_fetch_and_add(&family->nr, 1);
	if (i % 2)
		registers_spin(family->flag);
	else
		registers_sleep(family->flag);
	return NULL;
}

static void be_many(void *data)
{
	pthread_attr_t attr;
	pthread_t thread;

	/* So that those that spin leave CPUs to others. */
	nice(19);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	for (long i = 1; i < NR_THREADS; i++)
		if (pthread_create(&thread, &attr, be_one, (void *)i))
			_exit(1);
	be_one(0);
}

FIXTURE(process)
{
	struct place place;
	struct child child;
	struct freezer freezer;
	struct threads *told;
};

FIXTURE_SETUP(process)
{
	ASSERT_TRUE(place_enter(&self->place));
	family = shared_memory(sizeof(*family));
	self->told = calloc(1, sizeof(*self->told));
	ASSERT_NE(NULL, family);
	ASSERT_NE(NULL, self->told);
	family->flag = registers_flag_new();
	ASSERT_NE(NULL, family->flag);
	ASSERT_TRUE(child_start(&self->child, NULL, be_many, NULL));
	ASSERT_TRUE(until(family->nr == NR_THREADS));
}

FIXTURE_TEARDOWN(process)
{
	if (self->freezer.group[0])
		freezer_thaw(&self->freezer);
	child_end(&self->child);
	freezer_remove(&self->freezer);
	place_leave(&self->place);
}

static const struct thread *find_thread(const struct threads *told, pid_t tid)
{
	const struct thread *found = NULL;

	for (size_t i = 0; i < told->nr; i++) {
		if (told->threads[i].row.tid != tid)
			continue;
		if (found)
			return NULL;
		found = &told->threads[i];
	}
	return found;
}

TEST_F(process, has_threads_that_can_be_read_and_others)
{
	for (int i = 0; i < NR_THREADS; i += 3)
		ASSERT_TRUE(seize(family->tids[i]) && wait_for_stop(family->tids[i]));
	ASSERT_EQ(0, ask(self->told, self->child.pid, true)) TH_LOG("%s", self->told->text);
	ASSERT_EQ(NR_THREADS, self->told->nr);
	for (int i = 0; i < NR_THREADS; i++) {
		const struct thread *thread = find_thread(self->told, family->tids[i]);

		ASSERT_NE(NULL, thread);
		EXPECT_EQ(self->child.pid, thread->row.tgid);
		if (i % 3) {
			EXPECT_EQ(EAGAIN, thread->row.error);
			EXPECT_EQ(CRLOCK_THREAD_RUNNING, thread->row.state);
			EXPECT_EQ(0, thread->nr_sets);
		} else {
			EXPECT_EQ(0, thread->row.error);
			EXPECT_EQ(CRLOCK_THREAD_TRACED, thread->row.state);
			EXPECT_LE(3, expect_sets(_metadata, thread));
		}
	}
}

TEST_F(process, has_all_its_threads_frozen)
{
	ASSERT_TRUE(freezer_make(&self->freezer, 2));
	ASSERT_TRUE(freezer_freeze(&self->freezer, self->child.pid));
	ASSERT_EQ(0, ask(self->told, self->child.pid, true)) TH_LOG("%s", self->told->text);
	ASSERT_EQ(NR_THREADS, self->told->nr);
	for (int i = 0; i < NR_THREADS; i++) {
		const struct thread *thread = find_thread(self->told, family->tids[i]);

		ASSERT_NE(NULL, thread);
		EXPECT_EQ(0, thread->row.error);
		EXPECT_EQ(CRLOCK_THREAD_FROZEN, thread->row.state);
		ASSERT_TRUE(seize(family->tids[i]) && wait_for_stop(family->tids[i]));
		EXPECT_LE(3, expect_sets(_metadata, thread));
	}
}

/* By a thread's id one thread can be asked for, and no process. */
TEST_F(process, is_named_by_its_leader)
{
	pid_t tid = family->tids[1];

	ASSERT_TRUE(seize(tid) && wait_for_stop(tid));
	EXPECT_EQ(-ESRCH, ask(self->told, tid, true));
	EXPECT_STREQ("TGID: no such process", self->told->text);
	ASSERT_EQ(0, ask(self->told, tid, false));
	ASSERT_EQ(1, self->told->nr);
	EXPECT_EQ(self->child.pid, self->told->threads[0].row.tgid);
	EXPECT_EQ(tid, self->told->threads[0].row.tid);
}

static void *outlive_the_leader(void *data)
{
	family->tids[1] = syscall(SYS_gettid);
	family->nr = 1;
	registers_sleep(family->flag);
	return NULL;
}

static void lose_the_leader(void *data)
{
	pthread_t thread;

	family->nr = 0;
	if (!pthread_create(&thread, NULL, outlive_the_leader, NULL))
		syscall(SYS_exit, 0);
	_exit(1);
}

TEST_F(process, has_lost_its_leader)
{
	const struct thread *leader, *other;
	pid_t pid;

	child_end(&self->child);
	ASSERT_TRUE(child_start(&self->child, NULL, lose_the_leader, NULL));
	pid = self->child.pid;
	ASSERT_TRUE(child_await(pid, 'Z'));
	ASSERT_TRUE(until(family->nr == 1));
	ASSERT_TRUE(seize(family->tids[1]) && wait_for_stop(family->tids[1]));
	ASSERT_EQ(0, ask(self->told, pid, true)) TH_LOG("%s", self->told->text);
	leader = find_thread(self->told, pid);
	other = find_thread(self->told, family->tids[1]);
	ASSERT_EQ(2, self->told->nr);
	ASSERT_NE(NULL, leader);
	ASSERT_NE(NULL, other);
	EXPECT_EQ(ESRCH, leader->row.error);
	EXPECT_EQ(CRLOCK_THREAD_DEAD, leader->row.state);
	EXPECT_EQ(0, leader->nr_sets);
	EXPECT_EQ(0, other->row.error);
	EXPECT_EQ(CRLOCK_THREAD_TRACED, other->row.state);
	EXPECT_LE(3, expect_sets(_metadata, other));
}

/* Sets are whole ------------------------------------------------------------------------------------------ */

/* What a thread's tracer does meanwhile. */
struct tracer {
	pid_t pid;
	volatile bool ready;
};

/* All of the general registers get one value, then another: a set that has two of them was torn. */
static void change_registers(void *data)
{
	struct tracer *tracer = data;
	struct user_regs_struct regs;
	struct iovec vec = { &regs, sizeof(regs) };

	if (!seize(tracer->pid) || !wait_for_stop(tracer->pid))
		_exit(1);
	if (ptrace(PTRACE_GETREGSET, tracer->pid, NT_PRSTATUS, &vec))
		_exit(1);
	for (unsigned long i = 0;; i++) {
		regs.r15 = regs.r12 = regs.rbx = regs.r8 = regs.rdi = i * 0x0101010101010101UL;
		if (ptrace(PTRACE_SETREGSET, tracer->pid, NT_PRSTATUS, &vec))
			_exit(1);
		tracer->ready = true;
	}
}

FIXTURE(race)
{
	struct threads *told;
	struct tracer *tracer;
	struct child child, tracing;
};

FIXTURE_SETUP(race)
{
	self->told = calloc(1, sizeof(*self->told));
	self->tracer = shared_memory(sizeof(*self->tracer));
	ASSERT_NE(NULL, self->told);
	ASSERT_NE(NULL, self->tracer);
	ASSERT_TRUE(child_start(&self->child, NULL, registers_spin, registers_flag_new()));
	self->tracer->pid = self->child.pid;
}

FIXTURE_TEARDOWN(race)
{
	child_end(&self->tracing);
	child_end(&self->child);
}

TEST_F(race, with_a_tracer_tears_no_set)
{
	unsigned int told = 0;

	ASSERT_TRUE(child_start(&self->tracing, NULL, change_registers, self->tracer));
	ASSERT_TRUE(until(self->tracer->ready));
	for (int i = 0; i < 3000; i++) {
		const struct regset *set;
		struct user_regs_struct regs;
		int err = ask(self->told, self->child.pid, false);

		/* Its tracer was at work each time that the module looked. */
		if (err == -EAGAIN)
			continue;
		ASSERT_EQ(0, err);
		set = find_set(&self->told->threads[0], NT_PRSTATUS);
		ASSERT_NE(NULL, set);
		memcpy(&regs, set->data, sizeof(regs));
		told++;
		EXPECT_EQ(regs.r15, regs.r12);
		EXPECT_EQ(regs.r15, regs.rbx);
		EXPECT_EQ(regs.r15, regs.r8);
		EXPECT_EQ(regs.r15, regs.rdi);
	}
	EXPECT_LT(0, told);
}

static void stop_and_continue(void *data)
{
	struct tracer *tracer = data;

	for (;;) {
		kill(tracer->pid, SIGSTOP);
		tracer->ready = true;
		kill(tracer->pid, SIGCONT);
	}
}

TEST_F(race, with_stops_gives_all_sets_or_none)
{
	ASSERT_TRUE(child_start(&self->tracing, NULL, stop_and_continue, self->tracer));
	ASSERT_TRUE(until(self->tracer->ready));
	for (int i = 0; i < 1000; i++) {
		int err = ask(self->told, self->child.pid, false);

		if (err == -EAGAIN)
			continue;
		ASSERT_EQ(0, err);
		ASSERT_EQ(1, self->told->nr);
		EXPECT_EQ(CRLOCK_THREAD_STOPPED, self->told->threads[0].row.state);
		EXPECT_LE(3, self->told->threads[0].nr_sets);
	}
}

static void make_and_end_children(void *data)
{
	struct tracer *tracer = data;

	for (;;) {
		struct child child;

		child_start(&child, NULL, NULL, NULL);
		tracer->pid = child.pid;
		kill(child.pid, SIGSTOP);
		tracer->ready = true;
		child_end(&child);
	}
}

/* A stopped thread that is killed loses its stack while there are still references to it. */
TEST_F(race, with_the_end_of_the_thread)
{
	ASSERT_TRUE(child_start(&self->tracing, NULL, make_and_end_children, self->tracer));
	ASSERT_TRUE(until(self->tracer->ready));
	for (int i = 0; i < 1000; i++) {
		int err = ask(self->told, self->tracer->pid, i % 2);

		if (err)
			EXPECT_TRUE(err == -EAGAIN || err == -ESRCH) TH_LOG("%d", err);
	}
}

TEST_HARNESS_MAIN
