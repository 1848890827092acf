// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * inject OUTPUT COMMAND...                           lists the system calls of a command
 * inject OUTPUT THREAD:NUMBER:NTH=WHAT COMMAND...    has one of them fail, or kills the command there
 *
 * A call is known by the thread that makes it (0: the first, then in the order in which they were made), its number,
 * and how many of that number the thread has made before, from 0. WHAT is the number of an error, or `kill`: then
 * the command gets SIGKILL when it makes the call, which is not made any more. Or it is `refused`, for a brk: that
 * knows no errors, but returns where the heap ends as before. OUTPUT gets a line `THREAD:NUMBER:NTH` for each call;
 * or one if the call was reached.
 *
 * Unlike strace -f this leaves alone the processes that the command makes, for it may want to trace them itself.
 * Ends as the command does.
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

#define THREADS_MAX 16
#define NUMBERS_MAX 512

struct thread {
	pid_t tid;
	bool failing; /* it is in the call that is to fail */
	unsigned int number; /* of the call that it is in */
	unsigned int made[NUMBERS_MAX];
};

static struct thread threads[THREADS_MAX];
static int nr_threads;

static FILE *output;
static bool listing, over; /* over: it has failed */
static unsigned int at_thread, at_number, at_nth;
static bool killing, refusing;
static int error; /* if neither */
static long heap_end; /* as the kernel told last */

static void __attribute__((noreturn)) die(const char *what)
{
	perror(what);
	exit(125);
}

static struct thread *find(pid_t tid)
{
	for (int i = 0; i < nr_threads; i++) {
		if (threads[i].tid == tid)
			return &threads[i];
	}
	return NULL;
}

static void add(pid_t tid)
{
	if (nr_threads == THREADS_MAX) {
		fputs("inject: too many threads\n", stderr);
		exit(125);
	}
	threads[nr_threads++].tid = tid;
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

static void begin_failure(struct thread *thread, unsigned int number)
{
	thread->failing = true;
	if (!is_made(number))
		set_register(thread->tid, offsetof(struct user_regs_struct, orig_rax), -1);
}

static void begin_call(struct thread *thread, const struct __ptrace_syscall_info *info)
{
	unsigned int index = thread - threads, number = info->entry.nr, nth;

	thread->number = number;
	if (number >= NUMBERS_MAX)
		return;
	nth = thread->made[number]++;
	if (listing)
		fprintf(output, "%u:%u:%u\n", index, number, nth);
	if (listing || over || index != at_thread || number != at_number || nth != at_nth)
		return;
	fprintf(output, "%u:%u:%u\n", index, number, nth);
	over = true;
	if (killing)
		kill(threads[0].tid, SIGKILL);
	else if (!cannot_fail(info))
		begin_failure(thread, number);
}

static void end_call(struct thread *thread, long result)
{
	if (thread->failing)
		set_register(thread->tid, offsetof(struct user_regs_struct, rax),
			     refusing ? heap_end : -error);
	else if (thread->number == SYS_brk)
		heap_end = result;
	thread->failing = false;
}

static void at_call(struct thread *thread)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, thread->tid, sizeof(info), &info) < 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		begin_call(thread, &info);
	else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
		end_call(thread, info.exit.rval);
}

static bool is_thread_of(pid_t tid, pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d", pid, tid);
	return !access(path, F_OK);
}

/* Those whose first stop was told before that they had been made. */
static pid_t early[THREADS_MAX];
static int nr_early;

static void note_early(pid_t tid)
{
	if (nr_early == THREADS_MAX) {
		fputs("inject: too many new threads\n", stderr);
		exit(125);
	}
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

/* Before who made it goes on, and could come to trace it. */
static void meet(struct thread *parent)
{
	unsigned long made;
	int status;

	if (ptrace(PTRACE_GETEVENTMSG, parent->tid, 0, &made) ||
	    (!take_early(made) && waitpid(made, &status, __WALL) < 0))
		return;
	if (is_thread_of(made, threads[0].tid)) {
		add(made);
		ptrace(PTRACE_SYSCALL, made, 0, 0);
	} else {
		ptrace(PTRACE_DETACH, made, 0, 0);
	}
}

/* Returns: a signal that it is to get. */
static int at_stop(struct thread *thread, int status)
{
	switch (status >> 16) {
	case PTRACE_EVENT_CLONE:
		meet(thread);
		return 0;
	case PTRACE_EVENT_STOP:
	case PTRACE_EVENT_EXEC:
		return 0;
	}
	if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
		at_call(thread);
		return 0;
	}
	return WSTOPSIG(status);
}

static int watch(void)
{
	int status, ended = 0;
	pid_t tid;

	while ((tid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		struct thread *thread = tid > 0 ? find(tid) : NULL;

		if (thread == threads && !WIFSTOPPED(status))
			ended = status;
		if (tid > 0 && !thread && WIFSTOPPED(status))
			note_early(tid);
		if (!thread || !WIFSTOPPED(status))
			continue;
		status = at_stop(thread, status);
		ptrace(over && !thread->failing ? PTRACE_CONT : PTRACE_SYSCALL, thread->tid, 0, (long)status);
	}
	return WIFSIGNALED(ended) ? 128 + WTERMSIG(ended) : WEXITSTATUS(ended);
}

/* It waits until it is traced, and for nothing that would be a call of the command's. */
static void begin(char **command)
{
	const long options =
		PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
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
	add(pid);
	ptrace(PTRACE_SYSCALL, pid, 0, 0);
}

static bool parse(const char *word)
{
	char what[16];

	if (sscanf(word, "%u:%u:%u=%15s", &at_thread, &at_number, &at_nth, what) != 4)
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
		fputs("usage: inject OUTPUT [THREAD:NUMBER:NTH=ERROR|kill|refused] COMMAND...\n", stderr);
		return 125;
	}
	output = fopen(argv[1], "we");
	if (!output)
		die(argv[1]);
	begin(argv + words);
	return watch();
}
