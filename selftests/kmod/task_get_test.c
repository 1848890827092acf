// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CRLOCK_CMD_TASK_GET: the state of threads and processes, beside timers and restarted calls. A child sets
 * each, and what the kernel then tells itself, or the child, is what the module must tell.
 */
#include <asm/ldt.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <linux/mempolicy.h>
#include <linux/prctl.h>
#include <linux/rseq.h>
#include <linux/securebits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#include "child.h"
#include "handle.h"
#include "request.h"
#include "tasks.h"

/* Of <linux/prctl.h> from Linux 6.3 and 6.4. */
#ifndef PR_SET_MDWE
#define PR_SET_MDWE		 65
#define PR_MDWE_REFUSE_EXEC_GAIN (1UL << 0)
#endif
#ifndef PR_SET_MEMORY_MERGE
#define PR_SET_MEMORY_MERGE 67
#endif

/* Of <linux/signal.h>, which cannot be included beside <signal.h>. */
#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1U << 31)
#endif

#define THREADS 3

/* As rt_sigaction(2) has it. */
struct kernel_action {
	uint64_t handler, flags, restorer, mask;
};

/* What the child tells. */
struct shared {
	struct kernel_action actions[CRLOCK_SIGNALS];
	stack_t stack;
	uint64_t blocked;
	pid_t tids[THREADS];
	pid_t children[16];
	int has[4];
	int error;
	int fd;
	uint64_t brk;
	int tid_word[2];
	int step;
	volatile int end;
};

FIXTURE(task)
{
	struct shared *shared;
	struct tasks *tasks, *others;
	struct child child;
	const struct crlock_process *process;
	const struct crlock_task *task;
};

FIXTURE_SETUP(task)
{
	self->shared = shared_memory(sizeof(*self->shared));
	self->tasks = shared_memory(sizeof(*self->tasks));
	self->others = shared_memory(sizeof(*self->others));
	ASSERT_NE(NULL, self->shared);
	ASSERT_NE(NULL, self->tasks);
	ASSERT_NE(NULL, self->others);
	self->process = &self->tasks->state.process;
}

FIXTURE_TEARDOWN(task)
{
	for (int i = 0; i < 16; i++)
		if (self->shared->children[i] > 0)
			kill(self->shared->children[i], SIGKILL);
	child_end(&self->child);
}

static void look(struct __test_metadata *_metadata, FIXTURE_DATA(task) * self)
{
	ASSERT_EQ(0, tasks_read(self->tasks, self->child.pid))
	TH_LOG("%s", self->tasks->text);
	ASSERT_EQ(self->tasks->nr, self->process->nr_tasks);
	self->task = tasks_find(self->tasks, self->child.pid);
	ASSERT_NE(NULL, self->task);
}

/* Starts a child that does something, stops it, and asks. */
static void start_and_look(struct __test_metadata *_metadata, FIXTURE_DATA(task) * self, child_fn *fn)
{
	ASSERT_TRUE(child_start(&self->child, fn, NULL, self->shared));
	ASSERT_TRUE(stop(self->child.pid));
	look(_metadata, self);
}

static void pause_for_ever(void)
{
	for (;;)
		pause();
}

/* Ids and states ----------------------------------------------------------------------------------- */

static void *be_a_thread(void *data)
{
	struct shared *shared = data;

	shared->tids[__sync_fetch_and_add(&shared->step, 1)] = gettid();
	pause_for_ever();
	return NULL;
}

static void start_threads(void *data)
{
	struct shared *shared = data;
	pthread_t thread;

	for (int i = 0; i < THREADS; i++)
		pthread_create(&thread, NULL, be_a_thread, shared);
	if (!until(*(volatile int *)&shared->tids[THREADS - 1] && shared->step == THREADS &&
		   shared->tids[0] && shared->tids[1]))
		_exit(1);
}

TEST_F(task, threads_of_a_process)
{
	ASSERT_TRUE(child_start(&self->child, start_threads, NULL, self->shared));
	ASSERT_TRUE(stop(self->child.pid));
	ASSERT_TRUE(stop(self->shared->tids[1]));
	look(_metadata, self);
	/* Its end would be told to the tracer before the process's. */
	let_go(self->shared->tids[1]);
	ASSERT_EQ(THREADS + 1, self->tasks->nr);
	EXPECT_EQ(self->child.pid, self->process->tgid);
	EXPECT_EQ(getpid(), self->process->ppid);
	EXPECT_EQ(SIGCHLD, self->process->exit_signal);
	EXPECT_EQ(0, self->process->flags);
	EXPECT_EQ(CRLOCK_THREAD_TRACED, self->task->state);
	for (int i = 0; i < THREADS; i++) {
		const struct crlock_task *thread = tasks_find(self->tasks, self->shared->tids[i]);

		ASSERT_NE(NULL, thread);
		EXPECT_EQ(self->child.pid, thread->tgid);
		EXPECT_EQ(i == 1 ? CRLOCK_THREAD_TRACED : CRLOCK_THREAD_RUNNING, thread->state);
		EXPECT_EQ(0, thread->flags);
		EXPECT_EQ(0, thread->reserved);
		EXPECT_NE(0, thread->mm_id);
		EXPECT_EQ(self->task->mm_id, thread->mm_id);
		EXPECT_EQ(self->task->files_id, thread->files_id);
		EXPECT_EQ(self->task->fs_id, thread->fs_id);
		EXPECT_EQ(self->task->sighand_id, thread->sighand_id);
		EXPECT_EQ(self->task->signal_id, thread->signal_id);
	}
	EXPECT_EQ(self->process->mm_id, self->task->mm_id);
	EXPECT_EQ(self->process->sighand_id, self->task->sighand_id);
	EXPECT_EQ(self->process->signal_id, self->task->signal_id);
}

static int be_a_child(void *data)
{
	(void)data;
	pause_for_ever();
	return 0;
}

static const struct {
	int flags;
	int shared; /* bits in the order of ids() */
} sharings[] = {
	{ 0, 0 },
	{ CLONE_VM, 1 << 0 },
	{ CLONE_FILES, 1 << 1 },
	{ CLONE_FS, 1 << 2 },
	{ CLONE_VM | CLONE_SIGHAND, 1 << 0 | 1 << 3 },
	{ CLONE_SYSVSEM, 1 << 4 },
	{ CLONE_IO, 1 << 5 },
	{ CLONE_VM | CLONE_FILES | CLONE_FS, 1 << 0 | 1 << 1 | 1 << 2 },
};

#define NR_SHARINGS (int)(sizeof(sharings) / sizeof(*sharings))

static uint64_t id_of(const struct crlock_task *task, int which)
{
	const uint64_t ids[] = { task->mm_id,	   task->files_id,    task->fs_id,
				 task->sighand_id, task->sem_undo_id, task->io_context_id };

	return ids[which];
}

static void start_sharing(void *data)
{
	struct sembuf up = { .sem_op = 1, .sem_flg = SEM_UNDO };
	int set = semget(IPC_PRIVATE, 1, 0600);
	struct shared *shared = data;
	char *stack;

	/* What makes a list of adjustments, and an I/O context. */
	semop(set, &up, 1);
	syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 4);
	for (int i = 0; i < NR_SHARINGS; i++) {
		stack = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		shared->children[i] = clone(be_a_child, stack + 65536, sharings[i].flags | SIGCHLD, NULL);
	}
	semctl(set, 0, IPC_RMID);
}

TEST_F(task, ids_tell_what_is_shared)
{
	start_and_look(_metadata, self, start_sharing);
	for (int i = 0; i < 6; i++) {
		EXPECT_NE(0, id_of(self->task, i));
	}
	for (int i = 0; i < NR_SHARINGS; i++) {
		const struct crlock_task *other;

		ASSERT_LT(0, self->shared->children[i]);
		ASSERT_EQ(0, tasks_read(self->others, self->shared->children[i]));
		ASSERT_EQ(1, self->others->nr);
		other = &self->others->tasks[0];
		EXPECT_NE(self->task->signal_id, other->signal_id);
		EXPECT_EQ(self->child.pid, self->others->state.process.ppid);
		for (int which = 0; which < 6; which++) {
			EXPECT_EQ(!!(sharings[i].shared & 1 << which),
				  id_of(self->task, which) == id_of(other, which))
			TH_LOG("sharing %d, id %d", i, which);
		}
	}
}

static int keep_files_id(const struct crlock_file *file, void *data)
{
	*(uint64_t *)data = file->files_id;
	return 1;
}

TEST_F(task, id_of_descriptors_is_that_of_file_get)
{
	struct crlock *crlock;
	uint64_t id = 0;

	start_and_look(_metadata, self, NULL);
	ASSERT_EQ(0, crlock_open(&crlock));
	EXPECT_EQ(1, crlock_each_file(crlock, &self->child.pid, 1, keep_files_id, &id));
	crlock_close(crlock);
	EXPECT_EQ(id, self->task->files_id);
}

static void *leave_the_sharing(void *data)
{
	if (unshare(CLONE_FILES | CLONE_FS))
		((struct shared *)data)->error = errno;
	return be_a_thread(data);
}

static void start_one_that_unshares(void *data)
{
	struct shared *shared = data;
	pthread_t thread;

	pthread_create(&thread, NULL, leave_the_sharing, shared);
	if (!until(*(volatile pid_t *)&shared->tids[0]))
		_exit(1);
}

TEST_F(task, thread_with_descriptors_of_its_own)
{
	const struct crlock_task *thread;

	start_and_look(_metadata, self, start_one_that_unshares);
	ASSERT_EQ(0, self->shared->error);
	thread = tasks_find(self->tasks, self->shared->tids[0]);
	ASSERT_NE(NULL, thread);
	EXPECT_EQ(self->task->mm_id, thread->mm_id);
	EXPECT_NE(self->task->files_id, thread->files_id);
	EXPECT_NE(self->task->fs_id, thread->fs_id);
}

static void be_a_zombie(void *data)
{
	(void)data;
	_exit(7);
}

TEST_F(task, zombie)
{
	ASSERT_TRUE(child_start(&self->child, NULL, be_a_zombie, NULL));
	ASSERT_TRUE(child_await(self->child.pid, 'Z'));
	look(_metadata, self);
	EXPECT_EQ(1, self->tasks->nr);
	EXPECT_EQ(CRLOCK_THREAD_DEAD, self->task->state);
	EXPECT_EQ(CRLOCK_TASK_EXITING, self->task->flags);
	EXPECT_EQ(CRLOCK_PROCESS_EXITING, self->process->flags);
	EXPECT_EQ(getpid(), self->process->ppid);
	EXPECT_EQ(0, self->task->mm_id);
	EXPECT_EQ(0, self->task->files_id);
	EXPECT_EQ(0, self->process->mm_id);
	EXPECT_EQ(0, self->process->exe_ino);
	EXPECT_EQ(0, self->process->brk);
}

static void end_the_leader(void *data)
{
	(void)data;
	pthread_exit(NULL);
}

TEST_F(task, leader_that_has_exited)
{
	const struct crlock_task *thread;

	ASSERT_TRUE(child_start(&self->child, start_threads, end_the_leader, self->shared));
	ASSERT_TRUE(child_await(self->child.pid, 'Z'));
	look(_metadata, self);
	EXPECT_EQ(THREADS + 1, self->tasks->nr);
	EXPECT_EQ(CRLOCK_THREAD_DEAD, self->task->state);
	EXPECT_EQ(0, self->task->mm_id);
	EXPECT_EQ(0, self->process->flags);
	thread = tasks_find(self->tasks, self->shared->tids[0]);
	ASSERT_NE(NULL, thread);
	EXPECT_NE(0, thread->mm_id);
	EXPECT_EQ(thread->mm_id, self->process->mm_id);
	EXPECT_NE(0, self->process->exe_ino);
}

TEST_F(task, job_control_stop)
{
	ASSERT_TRUE(child_start(&self->child, NULL, NULL, NULL));
	kill(self->child.pid, SIGTSTP);
	ASSERT_TRUE(child_await(self->child.pid, 'T'));
	look(_metadata, self);
	EXPECT_EQ(CRLOCK_PROCESS_STOPPED, self->process->flags);
	EXPECT_EQ(CRLOCK_THREAD_STOPPED, self->task->state);
	EXPECT_EQ(SIGTSTP, self->task->stop_signal);
	/* Also where the stop of a tracer hides it. */
	ASSERT_TRUE(stop(self->child.pid));
	look(_metadata, self);
	EXPECT_EQ(CRLOCK_PROCESS_STOPPED, self->process->flags);
	EXPECT_EQ(CRLOCK_THREAD_TRACED, self->task->state);
	EXPECT_EQ(SIGTSTP, self->task->stop_signal);
	let_go(self->child.pid);
	kill(self->child.pid, SIGCONT);
	ASSERT_TRUE(child_await(self->child.pid, 'S'));
	look(_metadata, self);
	EXPECT_EQ(CRLOCK_PROCESS_CONTINUED, self->process->flags);
	EXPECT_EQ(CRLOCK_THREAD_RUNNING, self->task->state);
	ASSERT_EQ(self->child.pid, waitpid(self->child.pid, NULL, WCONTINUED));
	look(_metadata, self);
	EXPECT_EQ(0, self->process->flags);
}

static void wait_in_vfork(void *data)
{
	struct shared *shared = data;

	if (!vfork()) {
		shared->children[0] = getpid();
		poll(NULL, 0, -1);
		_exit(0);
	}
}

TEST_F(task, child_of_vfork)
{
	ASSERT_TRUE(child_start(&self->child, NULL, wait_in_vfork, self->shared));
	ASSERT_TRUE(until(*(volatile pid_t *)self->shared->children));
	ASSERT_EQ(0, tasks_read(self->tasks, self->shared->children[0]));
	EXPECT_EQ(CRLOCK_TASK_VFORK, self->tasks->tasks[0].flags);
	look(_metadata, self);
	EXPECT_EQ(0, self->task->flags);
}

/* Its thread that polls for the kernel. */
static void start_worker(void *data)
{
	struct {
		uint32_t sq_entries, cq_entries, flags, sq_thread_cpu, idle, rest[25];
	} parameters = { .flags = 1 << 1 };
	struct shared *shared = data;

	shared->fd = syscall(SYS_io_uring_setup, 4, &parameters);
	shared->error = errno;
}

TEST_F(task, worker_of_io_uring)
{
	int nr = 0;

	ASSERT_TRUE(child_start(&self->child, start_worker, NULL, self->shared));
	ASSERT_LE(0, self->shared->fd)
	TH_LOG("errno %d", self->shared->error);
	look(_metadata, self);
	EXPECT_EQ(2, self->tasks->nr);
	for (size_t i = 0; i < self->tasks->nr; i++)
		nr += !!(self->tasks->tasks[i].flags & CRLOCK_TASK_WORKER);
	EXPECT_EQ(1, nr);
	EXPECT_EQ(0, self->task->flags);
}

/* Signals ------------------------------------------------------------------------------------------ */

static void handle(int signal)
{
	(void)signal;
}

static void set_handlers(void *data)
{
	struct shared *shared = data;
	struct sigaction action = {
		.sa_handler = handle,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER | SA_RESETHAND,
	};

	sigaddset(&action.sa_mask, 1);
	sigaddset(&action.sa_mask, 40);
	sigaddset(&action.sa_mask, 64);
	sigaction(SIGUSR1, &action, NULL);
	signal(SIGUSR2, SIG_IGN);
	action.sa_flags = SA_NOCLDSTOP | SA_NOCLDWAIT;
	sigemptyset(&action.sa_mask);
	sigaction(SIGCHLD, &action, NULL);
	action.sa_handler = SIG_DFL;
	sigaction(SIGTERM, &action, NULL);
	sigfillset(&action.sa_mask);
	action.sa_handler = handle;
	sigaction(64, &action, NULL);
	for (int i = 0; i < CRLOCK_SIGNALS; i++)
		syscall(SYS_rt_sigaction, i + 1, NULL, &shared->actions[i], 8);
}

TEST_F(task, signal_handlers)
{
	const struct crlock_sigaction *actions = self->tasks->state.actions;
	const struct kernel_action *wanted = self->shared->actions;

	start_and_look(_metadata, self, set_handlers);
	EXPECT_EQ((unsigned long)handle, actions[SIGUSR1 - 1].handler);
	EXPECT_EQ(1, actions[SIGUSR2 - 1].handler);
	EXPECT_EQ(BIT_OF(1) | BIT_OF(40) | BIT_OF(64), actions[SIGUSR1 - 1].mask);
	/* By default but for its flags. */
	EXPECT_EQ(0, actions[SIGTERM - 1].handler);
	EXPECT_NE(0, actions[SIGTERM - 1].flags);
	EXPECT_GT(CRLOCK_SIGNALS / 2, self->process->nr_sigactions);
	for (int i = 0; i < CRLOCK_SIGNALS; i++) {
		EXPECT_EQ(i + 1, actions[i].signum);
		EXPECT_EQ(wanted[i].handler, actions[i].handler);
		EXPECT_EQ(wanted[i].flags, actions[i].flags);
		EXPECT_EQ(wanted[i].restorer, actions[i].restorer);
		EXPECT_EQ(wanted[i].mask, actions[i].mask);
		EXPECT_EQ(0, actions[i].reserved);
	}
}

static void set_stack(void *data)
{
	static char memory[65536];
	struct shared *shared = data;
	stack_t stack = {
		.ss_sp = memory + 16,
		.ss_size = sizeof(memory) - 32,
		.ss_flags = SS_AUTODISARM,
	};

	sigaltstack(&stack, NULL);
	sigaltstack(NULL, &shared->stack);
	start_threads(data);
}

TEST_F(task, alternate_stack)
{
	const struct crlock_task *thread;

	start_and_look(_metadata, self, set_stack);
	EXPECT_EQ((unsigned long)self->shared->stack.ss_sp, self->task->sas_sp);
	EXPECT_EQ(self->shared->stack.ss_size, self->task->sas_size);
	EXPECT_EQ(65536 - 32, self->task->sas_size);
	EXPECT_EQ(SS_AUTODISARM, self->task->sas_flags);
	/* It is a thread's own. */
	thread = tasks_find(self->tasks, self->shared->tids[0]);
	ASSERT_NE(NULL, thread);
	EXPECT_EQ(0, thread->sas_sp);
	EXPECT_EQ(0, thread->sas_size);
	EXPECT_EQ(SS_DISABLE, thread->sas_flags);
}

static void block_signals(void *data)
{
	sigset_t set;

	(void)data;
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, 63);
	sigprocmask(SIG_SETMASK, &set, NULL);
}

TEST_F(task, mask)
{
	start_and_look(_metadata, self, block_signals);
	EXPECT_EQ(BIT_OF(SIGHUP) | BIT_OF(SIGUSR2) | BIT_OF(63), self->task->blocked);
	EXPECT_EQ(0, self->task->real_blocked);
	EXPECT_EQ(0, self->task->flags);
}

static void suspend(void *data)
{
	/* The C library keeps some signals for itself. */
	uint64_t mask = ~BIT_OF(SIGUSR1);

	block_signals(data);
	syscall(SYS_rt_sigsuspend, &mask, sizeof(mask));
}

TEST_F(task, mask_for_the_time_of_a_call)
{
	uint64_t mask = 0;

	ASSERT_TRUE(child_start(&self->child, NULL, suspend, NULL));
	ASSERT_TRUE(await_call(self->child.pid, SYS_rt_sigsuspend));
	ASSERT_TRUE(stop(self->child.pid));
	look(_metadata, self);
	EXPECT_EQ(CRLOCK_TASK_SAVED_MASK, self->task->flags);
	EXPECT_EQ(BIT_OF(SIGHUP) | BIT_OF(SIGUSR2) | BIT_OF(63), self->task->saved_mask);
	EXPECT_EQ(~(BIT_OF(SIGUSR1) | BIT_OF(SIGKILL) | BIT_OF(SIGSTOP)), self->task->blocked);
	ASSERT_EQ(0, ptrace(PTRACE_GETSIGMASK, self->child.pid, sizeof(mask), &mask));
	EXPECT_EQ(mask, self->task->saved_mask);
}

static void wait_for_signal(void *data)
{
	sigset_t set;

	(void)data;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_SETMASK, &set, NULL);
	sigwaitinfo(&set, NULL);
}

/* While it waits it can be woken by what is blocked else. */
TEST_F(task, mask_while_waiting_for_a_signal)
{
	ASSERT_TRUE(child_start(&self->child, NULL, wait_for_signal, NULL));
	ASSERT_TRUE(await_call(self->child.pid, SYS_rt_sigtimedwait));
	look(_metadata, self);
	EXPECT_EQ(0, self->task->blocked);
	EXPECT_EQ(BIT_OF(SIGUSR1), self->task->real_blocked);
	ASSERT_TRUE(stop(self->child.pid));
	look(_metadata, self);
	EXPECT_EQ(BIT_OF(SIGUSR1), self->task->blocked);
	EXPECT_EQ(0, self->task->real_blocked);
}

/* Of one thread ------------------------------------------------------------------------------------ */

static void set_tid_address(void *data)
{
	syscall(SYS_set_tid_address, &((struct shared *)data)->tid_word[0]);
}

TEST_F(task, clear_child_tid)
{
	start_and_look(_metadata, self, set_tid_address);
	EXPECT_EQ((unsigned long)&self->shared->tid_word[0], self->task->clear_child_tid);
}

static void clone_with_words(void *data)
{
	struct shared *shared = data;
	pid_t pid;

	pid = syscall(SYS_clone, CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGUSR1, NULL, NULL,
		      &shared->tid_word[1], NULL);
	if (!pid)
		pause_for_ever();
	shared->children[0] = pid;
}

TEST_F(task, set_child_tid)
{
	const struct crlock_task *task = &self->others->tasks[0];

	signal(SIGUSR1, SIG_IGN);
	ASSERT_TRUE(child_start(&self->child, clone_with_words, NULL, self->shared));
	/* The child writes the word as it begins to run. */
	ASSERT_TRUE(until(*(volatile int *)&self->shared->tid_word[1]));
	ASSERT_EQ(0, tasks_read(self->others, self->shared->children[0]));
	EXPECT_EQ((unsigned long)&self->shared->tid_word[1], task->set_child_tid);
	EXPECT_EQ((unsigned long)&self->shared->tid_word[1], task->clear_child_tid);
	EXPECT_EQ(SIGUSR1, self->others->state.process.exit_signal);
	EXPECT_EQ(self->child.pid, self->others->state.process.ppid);
}

/* Of 32-bit programs: the first 32 bits of an address will do. */
static void set_robust_lists(void *data)
{
	struct shared *shared = data;
	long ret = 311;

	syscall(SYS_set_robust_list, 0x123450, 24);
#ifdef __x86_64__
	asm volatile("int $0x80" : "+a"(ret) : "b"(0x98760L), "c"(12L) : "memory", "r8", "r9", "r10", "r11");
#endif
	shared->error = ret;
}

TEST_F(task, robust_lists)
{
	unsigned long head = 0;
	size_t size;

	start_and_look(_metadata, self, set_robust_lists);
	ASSERT_EQ(0, self->shared->error);
	EXPECT_EQ(0x123450, self->task->robust_list);
	EXPECT_EQ(0x98760, self->task->compat_robust_list);
	ASSERT_EQ(0, syscall(SYS_get_robust_list, self->child.pid, &head, &size));
	EXPECT_EQ(head, self->task->robust_list);
}

TEST_F(task, rseq)
{
	struct __ptrace_rseq_configuration conf = {};

	start_and_look(_metadata, self, NULL);
	ASSERT_LT(0, ptrace(PTRACE_GET_RSEQ_CONFIGURATION, self->child.pid, sizeof(conf), &conf));
	EXPECT_NE(0, self->task->rseq);
	EXPECT_EQ(conf.rseq_abi_pointer, self->task->rseq);
	EXPECT_EQ(conf.rseq_abi_size, self->task->rseq_len);
	EXPECT_EQ(conf.signature, self->task->rseq_sig);
}

static void give_up_rseq(void *data)
{
	const struct crlock_task *task = data;

	syscall(SYS_rseq, task->rseq, task->rseq_len, 1, task->rseq_sig);
}

TEST_F(task, rseq_that_is_not_registered)
{
	struct crlock_task *own = shared_memory(sizeof(*own));

	/* Where it is is the same in a child. */
	ASSERT_EQ(0, tasks_read(self->tasks, getpid()));
	ASSERT_NE(NULL, tasks_find(self->tasks, getpid()));
	*own = *tasks_find(self->tasks, getpid());
	ASSERT_TRUE(child_start(&self->child, give_up_rseq, NULL, own));
	ASSERT_TRUE(stop(self->child.pid));
	look(_metadata, self);
	EXPECT_EQ(0, self->task->rseq);
	EXPECT_EQ(0, self->task->rseq_len);
	EXPECT_EQ(0, self->task->rseq_sig);
}

static void set_by_prctl(void *data)
{
	struct shared *shared = data;

	prctl(PR_SET_PDEATHSIG, SIGQUIT);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_TIMERSLACK, 123456789);
	prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS | SECBIT_NO_SETUID_FIXUP | SECBIT_NOROOT_LOCKED);
	shared->error = prctl(PR_GET_SECUREBITS);
	start_threads(data);
}

TEST_F(task, what_prctl_sets)
{
	const struct crlock_task *thread;

	start_and_look(_metadata, self, set_by_prctl);
	EXPECT_EQ(SIGQUIT, self->task->pdeath_signal);
	EXPECT_EQ(CRLOCK_PROCESS_SUBREAPER, self->process->flags);
	EXPECT_EQ(123456789, self->task->timer_slack_ns);
	EXPECT_EQ(50000, self->task->default_timer_slack_ns);
	EXPECT_EQ(SECBIT_KEEP_CAPS | SECBIT_NO_SETUID_FIXUP | SECBIT_NOROOT_LOCKED, self->task->securebits);
	EXPECT_EQ(self->shared->error, self->task->securebits);
	/* A new thread's default is what its maker had. */
	thread = tasks_find(self->tasks, self->shared->tids[0]);
	ASSERT_NE(NULL, thread);
	EXPECT_EQ(0, thread->pdeath_signal);
	EXPECT_EQ(123456789, thread->timer_slack_ns);
	EXPECT_EQ(123456789, thread->default_timer_slack_ns);
}

static void dispatch_calls(void *data)
{
	static char selector;
	struct shared *shared = data;

	/* Nothing is dispatched as long as the selector says so. */
	selector = 0;
	shared->error = prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0x5000, 0x3000, &selector)
				? errno
				: 0;
	shared->brk = (unsigned long)&selector;
}

TEST_F(task, dispatch_of_system_calls)
{
	start_and_look(_metadata, self, dispatch_calls);
	ASSERT_EQ(0, self->shared->error);
	EXPECT_EQ(CRLOCK_TASK_DISPATCH, self->task->flags);
	EXPECT_EQ(0x5000, self->task->dispatch_offset);
	EXPECT_EQ(0x3000, self->task->dispatch_len);
	EXPECT_EQ(self->shared->brk, self->task->dispatch_selector);
}

static void set_policy(void *data)
{
	unsigned long nodes = 1;
	struct shared *shared = data;

	shared->error = syscall(SYS_set_mempolicy, MPOL_BIND, &nodes, 64) ? errno : 0;
}

TEST_F(task, memory_policy)
{
	start_and_look(_metadata, self, set_policy);
	ASSERT_EQ(0, self->shared->error);
	EXPECT_EQ(CRLOCK_TASK_MEMPOLICY, self->task->flags);
}

#ifdef __x86_64__
/* Last, for it cannot tell the time any more. */
static void change_x86(void *data)
{
	struct user_desc entry = { .entry_number = 3, .base_addr = 0x1000, .limit = 1, .seg_32bit = 1 };
	struct shared *shared = data;

	if (iopl(3) || syscall(SYS_modify_ldt, 1, &entry, sizeof(entry)) || prctl(PR_SET_TSC, PR_TSC_SIGSEGV))
		shared->error = errno;
}

TEST_F(task, what_is_of_x86)
{
	start_and_look(_metadata, self, change_x86);
	ASSERT_EQ(0, self->shared->error);
	EXPECT_EQ(CRLOCK_TASK_NO_TSC | CRLOCK_TASK_IOPL, self->task->flags);
	EXPECT_EQ(CRLOCK_MM_LDT, self->process->mm_flags);
}
#endif

/* The address space -------------------------------------------------------------------------------- */

static void move_brk(void *data)
{
	struct shared *shared = data;

	sbrk(12345);
	shared->brk = syscall(SYS_brk, 0);
}

struct stat_line {
	unsigned long start_code, end_code, start_stack, start_data, end_data, start_brk, arg_start, arg_end,
		env_start, env_end;
};

static bool read_stat(struct stat_line *stat, pid_t pid)
{
	char name[32], line[2048] = "", *rest;
	FILE *file;
	int nr = 0;

	snprintf(name, sizeof(name), "/proc/%d/stat", pid);
	file = fopen(name, "re");
	if (!file)
		return false;
	if (fgets(line, sizeof(line), file) && (rest = strrchr(line, ')')))
		nr = sscanf(rest + 2,
			    "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
			    "%*s %*s %*s %*s %*s %lu %lu %lu %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
			    "%*s %*s %*s %*s %*s %*s %lu %lu %lu %lu %lu %lu %lu",
			    &stat->start_code, &stat->end_code, &stat->start_stack, &stat->start_data,
			    &stat->end_data, &stat->start_brk, &stat->arg_start, &stat->arg_end,
			    &stat->env_start, &stat->env_end);
	fclose(file);
	return nr == 10;
}

static ssize_t size_of_auxv(pid_t pid)
{
	char name[32], bytes[4096];
	ssize_t size;
	int fd;

	snprintf(name, sizeof(name), "/proc/%d/auxv", pid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	size = read(fd, bytes, sizeof(bytes));
	close(fd);
	return size;
}

TEST_F(task, addresses)
{
	const struct crlock_process *process = self->process;
	struct stat_line stat;

	start_and_look(_metadata, self, move_brk);
	ASSERT_TRUE(read_stat(&stat, self->child.pid));
	EXPECT_EQ(self->shared->brk, process->brk);
	EXPECT_LT(process->start_brk, process->brk);
	EXPECT_EQ(stat.start_brk, process->start_brk);
	EXPECT_EQ(stat.start_code, process->start_code);
	EXPECT_EQ(stat.end_code, process->end_code);
	EXPECT_EQ(stat.start_data, process->start_data);
	EXPECT_EQ(stat.end_data, process->end_data);
	EXPECT_EQ(stat.start_stack, process->start_stack);
	EXPECT_EQ(stat.arg_start, process->arg_start);
	EXPECT_EQ(stat.arg_end, process->arg_end);
	EXPECT_EQ(stat.env_start, process->env_start);
	EXPECT_EQ(stat.env_end, process->env_end);
	EXPECT_LT(process->start_code, process->end_code);
	EXPECT_EQ(size_of_auxv(self->child.pid), process->auxv_size);
}

static void open_exe(void *data)
{
	((struct shared *)data)->fd = open("/proc/self/exe", O_PATH);
}

struct wanted_file {
	int fd;
	struct crlock_file file;
};

static int keep_file(const struct crlock_file *file, void *data)
{
	struct wanted_file *wanted = data;

	if (file->fd != wanted->fd)
		return 0;
	wanted->file = *file;
	return 1;
}

/* It is another open file description, of the same file. */
TEST_F(task, executable)
{
	struct wanted_file wanted = {};
	struct crlock *crlock;
	struct stat status;
	char name[32];

	start_and_look(_metadata, self, open_exe);
	wanted.fd = self->shared->fd;
	ASSERT_EQ(0, crlock_open(&crlock));
	ASSERT_EQ(1, crlock_each_file(crlock, &self->child.pid, 1, keep_file, &wanted));
	crlock_close(crlock);
	EXPECT_NE(0, self->process->exe_id);
	EXPECT_NE(wanted.file.id, self->process->exe_id);
	EXPECT_EQ(wanted.file.mount_id, self->process->exe_mount_id);
	EXPECT_EQ(wanted.file.ino, self->process->exe_ino);
	EXPECT_EQ(wanted.file.dev_major, self->process->exe_dev_major);
	EXPECT_EQ(wanted.file.dev_minor, self->process->exe_dev_minor);
	EXPECT_EQ(wanted.file.generation, self->process->exe_generation);
	snprintf(name, sizeof(name), "/proc/%d/exe", self->child.pid);
	ASSERT_EQ(0, stat(name, &status));
	EXPECT_EQ(status.st_ino, self->process->exe_ino);
	/* The same program has it open once. */
	ASSERT_EQ(0, tasks_read(self->others, getpid()));
	EXPECT_EQ(self->others->state.process.exe_id, self->process->exe_id);
}

static void set_dumpable(void *data)
{
	prctl(PR_SET_DUMPABLE, ((struct shared *)data)->step);
}

TEST_F(task, dumpable)
{
	for (int i = 0; i < 2; i++) {
		self->shared->step = i;
		start_and_look(_metadata, self, set_dumpable);
		EXPECT_EQ(i, self->process->dumpable);
		child_end(&self->child);
	}
}

static bool write_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CLOEXEC);
	bool ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return ok;
}

static void change_user(void *data)
{
	struct shared *shared = data;

	shared->error = setresuid(12345, 12345, 12345) ? errno : 0;
	shared->step = prctl(PR_GET_DUMPABLE);
}

TEST_F(task, dumpable_as_root)
{
	ASSERT_TRUE(write_file("/proc/sys/fs/suid_dumpable", "2\n"));
	ASSERT_TRUE(child_start(&self->child, change_user, NULL, self->shared));
	EXPECT_TRUE(write_file("/proc/sys/fs/suid_dumpable", "0\n"));
	ASSERT_TRUE(stop(self->child.pid));
	look(_metadata, self);
	ASSERT_EQ(0, self->shared->error);
	EXPECT_EQ(2, self->shared->step);
	EXPECT_EQ(2, self->process->dumpable);
}

static void lock_future(void *data)
{
	((struct shared *)data)->error = mlockall(MCL_FUTURE) ? errno : 0;
}

static void lock_future_on_fault(void *data)
{
	((struct shared *)data)->error = mlockall(MCL_FUTURE | MCL_ONFAULT) ? errno : 0;
}

static void lock_current(void *data)
{
	((struct shared *)data)->error = mlockall(MCL_CURRENT) ? errno : 0;
}

static void disable_thp(void *data)
{
	((struct shared *)data)->error = prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) ? errno : 0;
}

TEST_F(task, flags_of_the_address_space)
{
	static const struct {
		child_fn *fn;
		uint32_t flags;
	} cases[] = {
		{ NULL, 0 },
		{ lock_future, CRLOCK_MM_MCL_FUTURE },
		{ lock_future_on_fault, CRLOCK_MM_MCL_FUTURE | CRLOCK_MM_MCL_ONFAULT },
		{ lock_current, 0 },
		{ disable_thp, CRLOCK_MM_THP_DISABLED },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		start_and_look(_metadata, self, cases[i].fn);
		EXPECT_EQ(0, self->shared->error);
		EXPECT_EQ(cases[i].flags, self->process->mm_flags);
		child_end(&self->child);
	}
}

static void refuse_gain(void *data)
{
	struct shared *shared = data;

	shared->has[0] = !prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0);
	shared->has[1] = !prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0);
}

static void refuse_gain_alone(void *data)
{
	/* PR_MDWE_NO_INHERIT, from Linux 6.7. */
	((struct shared *)data)->has[2] = !prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN | 1UL << 1, 0, 0, 0);
}

/* Which kernels before 6.3, 6.4 and 6.7 do not have. */
TEST_F(task, newer_flags_of_the_address_space)
{
	const int *has = self->shared->has;

	start_and_look(_metadata, self, refuse_gain);
	EXPECT_EQ((has[0] ? CRLOCK_MM_MDWE : 0) | (has[1] ? CRLOCK_MM_MERGE_ANY : 0),
		  self->process->mm_flags);
	child_end(&self->child);
	start_and_look(_metadata, self, refuse_gain_alone);
	EXPECT_EQ(has[2] ? CRLOCK_MM_MDWE | CRLOCK_MM_MDWE_NO_INHERIT : 0, self->process->mm_flags);
}

static const int registrations[] = {
	0,
	MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED,
	MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED,
	MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE,
	MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ,
};

static void register_barrier(void *data)
{
	struct shared *shared = data;

	if (registrations[shared->step])
		shared->error = syscall(SYS_membarrier, registrations[shared->step], 0, 0) ? errno : 0;
}

TEST_F(task, registrations_of_membarrier)
{
	for (int i = 0; i < 5; i++) {
		self->shared->step = i;
		start_and_look(_metadata, self, register_barrier);
		EXPECT_EQ(0, self->shared->error);
		EXPECT_EQ(registrations[i], self->process->membarrier);
		child_end(&self->child);
	}
}

/* Many, and those that run ------------------------------------------------------------------------- */

static int count_tasks(const struct crlock_task *task, const struct crlock_process_state *process, void *data)
{
	struct tasks *tasks = data;

	if (task->tgid != process->process.tgid)
		return -EBADMSG;
	tasks->tasks[tasks->nr++] = *task;
	return 0;
}

static void start_many(void *data)
{
	struct shared *shared = data;

	for (int i = 0; i < 16; i++) {
		pid_t pid = fork();

		if (!pid) {
			signal(SIGUSR1, handle);
			pause_for_ever();
		}
		shared->children[i] = pid;
	}
}

/* Each once, also if it was asked for twice. */
TEST_F(task, many_processes)
{
	pid_t tgids[18];
	struct crlock *crlock;

	ASSERT_TRUE(child_start(&self->child, start_many, NULL, self->shared));
	for (int i = 0; i < 16; i++)
		tgids[15 - i] = self->shared->children[i];
	tgids[16] = self->child.pid;
	tgids[17] = tgids[3];
	ASSERT_EQ(0, crlock_open(&crlock));
	ASSERT_EQ(0, crlock_each_task(crlock, tgids, 18, count_tasks, self->tasks));
	crlock_close(crlock);
	ASSERT_EQ(17, self->tasks->nr);
	for (int i = 0; i < 17; i++) {
		EXPECT_NE(NULL, tasks_find(self->tasks, tgids[i]));
	}
}

static void *end_soon(void *data)
{
	return data;
}

static void churn(void *data)
{
	struct shared *shared = data;
	pthread_t threads[8];

	while (!shared->end) {
		for (int i = 0; i < 8; i++)
			pthread_create(&threads[i], NULL, end_soon, NULL);
		for (int i = 0; i < 8; i++)
			pthread_join(threads[i], NULL);
		shared->step++;
	}
}

TEST_F(task, threads_that_come_and_go)
{
	ASSERT_TRUE(child_start(&self->child, NULL, churn, self->shared));
	for (int i = 0; i < 300; i++) {
		look(_metadata, self);
		EXPECT_LE(1, self->tasks->nr);
		EXPECT_NE(0, self->process->mm_id);
		for (size_t j = 0; j < self->tasks->nr; j++) {
			EXPECT_EQ(self->child.pid, self->tasks->tasks[j].tgid);
			EXPECT_NE(0, self->tasks->tasks[j].tid);
		}
	}
	EXPECT_LT(0, self->shared->step);
	self->shared->end = 1;
}

static void exec_itself(void *data)
{
	char *const arguments[] = { "sleep", "0", NULL };

	for (;;) {
		pid_t pid = fork();

		if (!pid) {
			execv("/bin/sleep", arguments);
			_exit(1);
		}
		((struct shared *)data)->children[0] = pid;
		waitpid(pid, NULL, 0);
		((struct shared *)data)->step++;
	}
}

/* Through exec and exit, where what it has is taken from it bit by bit. */
TEST_F(task, processes_that_come_and_go)
{
	int told = 0, err;

	ASSERT_TRUE(child_start(&self->child, NULL, exec_itself, self->shared));
	for (int i = 0; told < 100 && i < 1000000; i++) {
		pid_t pid = *(volatile pid_t *)&self->shared->children[0];

		err = pid > 0 ? tasks_read(self->tasks, pid) : -ESRCH;
		told += !err && self->tasks->nr;
		ASSERT_TRUE(!err || err == -ESRCH);
	}
	EXPECT_EQ(100, told);
	self->shared->children[0] = 0;
}

/* Who may ask what --------------------------------------------------------------------------------- */

TEST_F(task, no_such_process)
{
	EXPECT_EQ(-ESRCH, tasks_read(self->tasks, 0x3ffffff));
	EXPECT_STREQ("TGID: no such process", self->tasks->text);
}

/* A thread is not a process. */
TEST_F(task, thread_that_is_no_process)
{
	ASSERT_TRUE(child_start(&self->child, start_threads, NULL, self->shared));
	EXPECT_EQ(-ESRCH, tasks_read(self->tasks, self->shared->tids[0]));
	EXPECT_STREQ("TGID: no such process", self->tasks->text);
}

static int fail(const struct crlock_task *task, const struct crlock_process_state *process, void *data)
{
	(void)task;
	(void)process;
	(void)data;
	return -EBADMSG;
}

TEST_F(task, no_process_is_named)
{
	struct crlock *crlock;

	ASSERT_EQ(0, crlock_open(&crlock));
	EXPECT_EQ(-EINVAL, crlock_each_task(crlock, NULL, 0, fail, NULL));
	EXPECT_STREQ("TGID: is missing", crlock_error(crlock));
	crlock_close(crlock);
}

static int read_nothing(struct crlock_decoder *decoder, const struct crlock_attr *attr)
{
	(void)decoder;
	(void)attr;
	return 0;
}

/* Each but the one that it has. */
TEST_F(task, attributes_that_it_does_not_know)
{
	struct crlock_decoder decoder = { .attr = read_nothing };
	struct nlmsghdr *request;
	struct crlock *crlock;

	ASSERT_EQ(0, crlock_open(&crlock));
	for (uint16_t type = 1; type <= CRLOCK_A_MAX; type++) {
		ASSERT_EQ(0, crlock_begin(crlock));
		request = crlock_request_new(crlock->connection.family, CRLOCK_CMD_TASK_GET, NLM_F_DUMP, 2);
		ASSERT_NE(NULL, request);
		mnl_attr_put_u32(request, CRLOCK_A_TGID, getpid());
		mnl_attr_put_u32(request, type, getpid());
		EXPECT_EQ(type == CRLOCK_A_TGID ? 0 : -EINVAL, crlock_call(crlock, request, &decoder))
		TH_LOG("type %d", type);
		EXPECT_EQ(type != CRLOCK_A_TGID, !!crlock_error(crlock)[0]);
		free(request);
	}
	crlock_close(crlock);
}

/* Bounds the memory of a snapshot, and asks for more processes and timers than fit. */
#define SNAPSHOT_MAX "/sys/module/crlock/parameters/snapshot_max"

static uint64_t ask_within_bound(struct tasks *tasks, pid_t pid, unsigned long bound, int *err)
{
	uint64_t needed = 0;
	struct crlock *crlock;
	char text[32];

	tasks->nr = 0;
	snprintf(text, sizeof(text), "%lu\n", bound);
	*err = write_file(SNAPSHOT_MAX, text) ? crlock_open(&crlock) : -EACCES;
	if (*err)
		return 0;
	*err = crlock_each_task(crlock, &pid, 1, count_tasks, tasks);
	needed = crlock_needed(crlock);
	snprintf(tasks->text, sizeof(tasks->text), "%s", crlock_error(crlock));
	crlock_close(crlock);
	return needed;
}

static void make_timers(void *data)
{
	struct rlimit limit = { 4000, 4000 };
	int id;

	setrlimit(RLIMIT_SIGPENDING, &limit);
	for (int i = 0; i < 3000; i++)
		if (syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &id))
			_exit(1);
	start_threads(data);
}

TEST_F(task, memory_is_bounded)
{
	static const unsigned long bounds[] = { 0, 100, 20000, 150000 };
	uint64_t needed;
	int err;

	ASSERT_TRUE(child_start(&self->child, make_timers, NULL, self->shared));
	for (size_t i = 0; i < sizeof(bounds) / sizeof(*bounds); i++) {
		needed = ask_within_bound(self->tasks, self->child.pid, bounds[i], &err);
		EXPECT_EQ(-ENOBUFS, err);
		EXPECT_LT(bounds[i], needed);
		EXPECT_EQ(0, strncmp("the snapshot takes ", self->tasks->text, 19))
		TH_LOG("%s", self->tasks->text);
		EXPECT_EQ(0, self->tasks->nr);
	}
	/* What was said last is enough. */
	EXPECT_EQ(0, ask_within_bound(self->tasks, self->child.pid, needed, &err));
	EXPECT_TRUE(write_file(SNAPSHOT_MAX, "268435456\n"));
	EXPECT_EQ(0, err);
	EXPECT_EQ(THREADS + 1, self->tasks->nr);
}

TEST_F(task, what_a_callback_returns_ends_it)
{
	struct crlock *crlock;
	pid_t pid = getpid();

	ASSERT_EQ(0, crlock_open(&crlock));
	EXPECT_EQ(-EBADMSG, crlock_each_task(crlock, &pid, 1, fail, NULL));
	EXPECT_STREQ("", crlock_error(crlock));
	crlock_close(crlock);
}

/* Asks without some capabilities. Bits of the first capability set are in the first word. */
struct asked {
	struct tasks tasks;
	uint64_t drop;
	int err;
};

static void ask_without(void *data)
{
	struct {
		uint32_t version;
		int pid;
	} header = { .version = 0x20080522 };
	struct {
		uint32_t effective, permitted, inheritable;
	} sets[2];
	struct asked *asked = data;

	syscall(SYS_capget, &header, sets);
	sets[0].effective &= ~(uint32_t)asked->drop;
	sets[1].effective &= ~(uint32_t)(asked->drop >> 32);
	syscall(SYS_capset, &header, sets);
	asked->err = tasks_read(&asked->tasks, getpid());
}

#define PTRACE_CAP     (1ULL << 19)
#define ADMIN_CAP      (1ULL << 21)
#define CHECKPOINT_CAP (1ULL << 40)

TEST(capabilities)
{
	static const struct {
		uint64_t drop;
		int err;
		const char *text;
	} cases[] = {
		{ 0, 0, "" },
		{ ADMIN_CAP, 0, "" },
		{ CHECKPOINT_CAP, 0, "" },
		{ ADMIN_CAP | CHECKPOINT_CAP, -EPERM, "CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN" },
		{ PTRACE_CAP, -EPERM, "CAP_SYS_PTRACE" },
	};
	struct asked *asked = shared_memory(sizeof(*asked));

	ASSERT_NE(NULL, asked);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		asked->drop = cases[i].drop;
		ASSERT_TRUE(child_run(ask_without, asked));
		EXPECT_EQ(cases[i].err, asked->err);
		EXPECT_EQ(0, strncmp(cases[i].text, asked->tasks.text, strlen(cases[i].text)))
		TH_LOG("%s", asked->tasks.text);
	}
	munmap(asked, sizeof(*asked));
}

/* In a pid namespace of its own. */
static void ask_within(void *data)
{
	struct asked *asked = data;
	pid_t pid;

	if (unshare(CLONE_NEWPID))
		_exit(1);
	pid = fork();
	if (!pid) {
		asked->err = tasks_read(&asked->tasks, getpid());
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

TEST(ids_are_of_the_readers_namespace)
{
	struct asked *asked = shared_memory(sizeof(*asked));

	ASSERT_NE(NULL, asked);
	ASSERT_TRUE(child_run(ask_within, asked));
	ASSERT_EQ(0, asked->err);
	EXPECT_EQ(1, asked->tasks.state.process.tgid);
	EXPECT_EQ(0, asked->tasks.state.process.ppid);
	EXPECT_EQ(1, asked->tasks.nr);
	EXPECT_EQ(1, asked->tasks.tasks[0].tgid);
	EXPECT_EQ(1, asked->tasks.tasks[0].tid);
	munmap(asked, sizeof(*asked));
}

TEST_HARNESS_MAIN
