// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * inject OUTPUT COMMAND...                         lists the system calls of a command
 * inject OUTPUT TASK:NUMBER:NTH=WHAT COMMAND...    has one of them fail, or kills the command there
 *
 * A call is known by the task that makes it, its number, and how many of that number the task has made before, from 0.
 * The command's first thread is 0; 0.1 is the first thread or process that it made, 0.1.2 the second that this one
 * made. WHAT is the number of an error, or `kill`: then the command gets SIGKILL when the call is made, which is not
 * made any more if it is the command's own. Or it is `refused`, for a brk: that knows no errors, but returns where the
 * heap ends as before. OUTPUT gets a line `TASK:NUMBER:NTH` for each call; or one if the call was reached.
 *
 * Whom the command comes to trace itself is let go just before that, and so is who outlives it. Ends as the command
 * does.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define TASKS_MAX   64
#define NUMBERS_MAX 512
#define NAME_SIZE   32

struct task {
	pid_t tid; /* 0: the place is free */
	char name[NAME_SIZE];
	unsigned int nr_made; /* tasks, by this one */
	bool failing; /* it is in the call that is to fail */
	unsigned int number; /* of the call that it is in */
	unsigned int made[NUMBERS_MAX];
	long heap_end; /* as the kernel told last */
};

static struct task tasks[TASKS_MAX]; /* the first one is the command's first thread */

static FILE *output;
static bool listing, over; /* over: it has failed */
static char at_task[NAME_SIZE];
static unsigned int at_number, at_nth;
static bool killing, refusing;
static int error; /* if neither */

static void __attribute__((noreturn)) die(const char *what)
{
	perror(what);
	exit(125);
}

static void __attribute__((noreturn)) too_many(const char *what)
{
	fprintf(stderr, "inject: too many %s\n", what);
	exit(125);
}

static struct task *find(pid_t tid)
{
	for (int i = 0; i < TASKS_MAX; i++) {
		if (tid && tasks[i].tid == tid)
			return &tasks[i];
	}
	return NULL;
}

/* @parent: NULL for the command's first thread. */
static void add(pid_t tid, struct task *parent)
{
	struct task *task = tasks;

	while (task < tasks + TASKS_MAX && task->tid)
		task++;
	if (task == tasks + TASKS_MAX)
		too_many("tasks");
	*task = (struct task){ .tid = tid, .name = "0" };
	if (!parent)
		return;
	task->heap_end = parent->heap_end;
	if (snprintf(task->name, NAME_SIZE, "%s.%u", parent->name, ++parent->nr_made) >= NAME_SIZE)
		too_many("generations");
}

/* Whether the call is made all the same: a descriptor is closed whatever close(2) says. */
static bool is_made(unsigned int number)
{
	return number == SYS_close;
}

/* To wake others has no error, and libc ends the program if it gets one. */
static bool cannot_fail(const struct __ptrace_syscall_info *info)
{
	return info->entry.nr == SYS_futex && (info->entry.args[1] & FUTEX_CMD_MASK) == FUTEX_WAKE;
}

static void set_register(pid_t tid, size_t offset, long value)
{
	if (ptrace(PTRACE_POKEUSER, tid, offset, value))
		die("a register");
}

static void begin_failure(struct task *task, unsigned int number)
{
	task->failing = true;
	if (!is_made(number))
		set_register(task->tid, offsetof(struct user_regs_struct, orig_rax), -1);
}

static void let_go(struct task *task);

/* Who traces it must be the only one to. */
static void leave_to(const struct __ptrace_syscall_info *info)
{
	struct task *traced = NULL;

	if (info->entry.nr == SYS_ptrace &&
	    (info->entry.args[0] == PTRACE_SEIZE || info->entry.args[0] == PTRACE_ATTACH))
		traced = find(info->entry.args[1]);
	if (traced)
		let_go(traced);
}

static void begin_call(struct task *task, const struct __ptrace_syscall_info *info)
{
	unsigned int number = info->entry.nr, nth;

	leave_to(info);
	task->number = number;
	if (number >= NUMBERS_MAX)
		return;
	nth = task->made[number]++;
	if (listing)
		fprintf(output, "%s:%u:%u\n", task->name, number, nth);
	if (listing || over || number != at_number || nth != at_nth || strcmp(task->name, at_task))
		return;
	fprintf(output, "%s:%u:%u\n", task->name, number, nth);
	over = true;
	if (killing)
		kill(tasks[0].tid, SIGKILL);
	else if (!cannot_fail(info))
		begin_failure(task, number);
}

static void end_call(struct task *task, long result)
{
	if (task->failing)
		set_register(task->tid, offsetof(struct user_regs_struct, rax),
			     refusing ? task->heap_end : -error);
	else if (task->number == SYS_brk)
		task->heap_end = result;
	task->failing = false;
}

static void at_call(struct task *task)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, task->tid, sizeof(info), &info) < 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		begin_call(task, &info);
	else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
		end_call(task, info.exit.rval);
}

static bool is_thread_of(pid_t tid, pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d", pid, tid);
	return !access(path, F_OK);
}

/* Those whose first stop was told before that they had been made. */
static pid_t early[TASKS_MAX];
static int nr_early;

static void note_early(pid_t tid)
{
	if (nr_early == TASKS_MAX)
		too_many("new tasks");
	early[nr_early++] = tid;
}

static bool take_early(pid_t tid)
{
	for (int i = 0; i < nr_early; i++) {
		if (early[i] == tid) {
			early[i] = early[--nr_early];
			return true;
		}
	}
	return false;
}

static void meet(struct task *parent)
{
	unsigned long made;
	int status;

	if (ptrace(PTRACE_GETEVENTMSG, parent->tid, 0, &made) ||
	    (!take_early(made) && waitpid(made, &status, __WALL) < 0))
		return;
	add(made, parent);
	ptrace(PTRACE_SYSCALL, made, 0, 0);
}

/* Returns: a signal that it is to get. */
static int at_stop(struct task *task, int status)
{
	switch (status >> 16) {
	case PTRACE_EVENT_CLONE:
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
		meet(task);
		return 0;
	case PTRACE_EVENT_STOP:
	case PTRACE_EVENT_EXEC:
		return 0;
	}
	if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
		at_call(task);
		return 0;
	}
	return WSTOPSIG(status);
}

static void let_go(struct task *task)
{
	int status, signum;

	ptrace(PTRACE_INTERRUPT, task->tid, 0, 0);
	do {
		if (waitpid(task->tid, &status, __WALL) < 0 || !WIFSTOPPED(status)) {
			task->tid = 0;
			return;
		}
		signum = at_stop(task, status);
		/* It is to hear that the call has failed. */
		if (task->failing)
			ptrace(PTRACE_SYSCALL, task->tid, 0, (long)signum);
	} while (task->failing);
	ptrace(PTRACE_DETACH, task->tid, 0, (long)signum);
	task->tid = 0;
}

/* Whether there are others than the command's own threads. */
static bool has_made_processes(void)
{
	for (int i = 1; i < TASKS_MAX; i++) {
		if (tasks[i].tid && !is_thread_of(tasks[i].tid, tasks[0].tid))
			return true;
	}
	return false;
}

static void let_all_go(void)
{
	/* From the start after each: who is let go may just have made another. */
	for (int i = 1; i < TASKS_MAX; i++) {
		if (tasks[i].tid) {
			let_go(&tasks[i]);
			i = 0;
		}
	}
}

static int watch(void)
{
	pid_t tid, command = tasks[0].tid;
	int status, signum;

	while ((tid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		struct task *task = tid > 0 ? find(tid) : NULL;

		if (tid == command && !WIFSTOPPED(status))
			break;
		if (tid > 0 && !task && WIFSTOPPED(status))
			note_early(tid);
		if (!task)
			continue;
		if (!WIFSTOPPED(status)) {
			task->tid = 0;
			continue;
		}
		signum = at_stop(task, status);
		/* Calls need not be seen any more, but for those that trace somebody. */
		ptrace(over && !task->failing && !has_made_processes() ? PTRACE_CONT : PTRACE_SYSCALL, tid, 0,
		       (long)signum);
	}
	let_all_go();
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* It waits until it is traced, and for nothing that would be a call of the command's. */
static void begin(char **command)
{
	const long options = PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE |
			     PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC;
	int status, pipes[2];
	pid_t pid;
	char byte;

	if (pipe2(pipes, O_CLOEXEC))
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		close(pipes[1]);
		if (read(pipes[0], &byte, 1))
			_exit(125);
		execvp(*command, command);
		die(*command);
	}
	if (ptrace(PTRACE_SEIZE, pid, 0, options))
		die("cannot trace");
	close(pipes[0]);
	close(pipes[1]);
	if (waitpid(pid, &status, 0) < 0 || status >> 8 != (SIGTRAP | PTRACE_EVENT_EXEC << 8))
		die(*command);
	add(pid, NULL);
	ptrace(PTRACE_SYSCALL, pid, 0, 0);
}

static bool parse(const char *word)
{
	char what[16];

	if (sscanf(word, "%31[0-9.]:%u:%u=%15s", at_task, &at_number, &at_nth, what) != 4)
		return false;
	killing = !strcmp(what, "kill");
	refusing = !strcmp(what, "refused");
	error = atoi(what);
	return !refusing || at_number == SYS_brk;
}

int main(int argc, char **argv)
{
	int words = 2;

	if (argc > 3 && parse(argv[2]))
		words = 3;
	else
		listing = true;
	if (argc <= words) {
		fputs("usage: inject OUTPUT [TASK:NUMBER:NTH=ERROR|kill|refused] COMMAND...\n", stderr);
		return 125;
	}
	output = fopen(argv[1], "we");
	if (!output)
		die(argv[1]);
	begin(argv + words);
	return watch();
}
