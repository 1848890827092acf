// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * steady DIR - two processes that know what they are: at each line of standard input both look whether all is as
 * it was, and standard output gets `ok`, or what is not. `ready PID` comes first.
 *
 * What they look at: registers of a thread that does nothing but hold them, and the red zone of its stack; memory of
 * all kinds; handlers, masks, signals that wait, the alternate stack; timers; and threads that wait in system calls,
 * of which none may end without a reason, and each must when there is one. Locks are there for others to look at:
 * in DIR.
 */
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define MEMORY_SIZE	 (1 << 20)
#define HOUR		 3600
#define HALF_A_MINUTE_MS 30000

static const char *who = "parent";
#define WRONG_SIZE 512
static char wrong[WRONG_SIZE]; /* the first thing that is, and was not told yet */
static pthread_mutex_t wrong_lock = PTHREAD_MUTEX_INITIALIZER;

static void __attribute__((format(printf, 1, 2))) say_wrong(const char *format, ...)
{
	size_t used;
	va_list args;

	pthread_mutex_lock(&wrong_lock);
	if (!*wrong) {
		used = snprintf(wrong, sizeof(wrong), "%s: ", who);
		va_start(args, format);
		vsnprintf(wrong + used, sizeof(wrong) - used, format, args);
		va_end(args);
	}
	pthread_mutex_unlock(&wrong_lock);
}

static void take_wrong(char text[WRONG_SIZE])
{
	pthread_mutex_lock(&wrong_lock);
	memcpy(text, wrong, WRONG_SIZE);
	*wrong = '\0';
	pthread_mutex_unlock(&wrong_lock);
}

static void must(const char *what, bool well)
{
	if (well)
		return;
	perror(what);
	exit(2);
}

static void equal(const char *what, long was, long is)
{
	if (was != is)
		say_wrong("%s: was %ld, is %ld", what, was, is);
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
}

/* Waits until a number is above another. */
static void grows(const char *what, atomic_ulong *number, unsigned long above)
{
	struct timespec start, now;

	clock_gettime(CLOCK_MONOTONIC, &start);
	while (atomic_load(number) <= above) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		if ((now.tv_sec - start.tv_sec) * 1000 > HALF_A_MINUTE_MS) {
			say_wrong("%s: nothing happens", what);
			return;
		}
		nap();
	}
}

/* Registers ---------------------------------------------------------------------------------------- */

struct general {
	uint64_t registers[14]; /* all but rsp and rcx */
	uint64_t red_zone[16];
};

struct extended {
	unsigned char bytes[16384];
} __attribute__((aligned(64)));

static struct extended extended_was, extended_is;
static struct general general_is;
static atomic_ulong rounds;

/*
 * Loads registers, holds them for a while, and stores what they are. The numbers of general ones are 0x5eed0000
 * and on; words below the stack pointer hold their own number.
 */
void hold_registers(const struct extended *was, struct extended *is, uint64_t mask, struct general *general);

asm(".pushsection .text\n"
    ".hidden hold_registers\n"
    ".type hold_registers, @function\n"
    "hold_registers:\n"
    "	push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
    "	push %rcx\n push %rsi\n push %rdx\n"
    "	mov %edx, %eax\n"
    "	shr $32, %rdx\n"
    "	xrstor64 (%rdi)\n"
    "	mov $0x5eed0000, %eax\n mov $0x5eed0001, %ebx\n mov $0x5eed0002, %edx\n"
    "	mov $0x5eed0003, %esi\n mov $0x5eed0004, %edi\n mov $0x5eed0005, %ebp\n"
    "	mov $0x5eed0006, %r8\n mov $0x5eed0007, %r9\n mov $0x5eed0008, %r10\n"
    "	mov $0x5eed0009, %r11\n mov $0x5eed000a, %r12\n mov $0x5eed000b, %r13\n"
    "	mov $0x5eed000c, %r14\n mov $0x5eed000d, %r15\n"
    "	mov $16, %ecx\n"
    "1:	neg %rcx\n"
    "	mov %rcx, (%rsp, %rcx, 8)\n"
    "	neg %rcx\n"
    "	dec %ecx\n"
    "	jnz 1b\n"
    "	mov $20000, %ecx\n"
    "2:	pause\n"
    "	dec %ecx\n"
    "	jnz 2b\n"
    "	mov 16(%rsp), %rcx\n" /* general */
    "	mov %rax, (%rcx)\n mov %rbx, 8(%rcx)\n mov %rdx, 16(%rcx)\n mov %rsi, 24(%rcx)\n"
    "	mov %rdi, 32(%rcx)\n mov %rbp, 40(%rcx)\n mov %r8, 48(%rcx)\n mov %r9, 56(%rcx)\n"
    "	mov %r10, 64(%rcx)\n mov %r11, 72(%rcx)\n mov %r12, 80(%rcx)\n mov %r13, 88(%rcx)\n"
    "	mov %r14, 96(%rcx)\n mov %r15, 104(%rcx)\n"
    "	lea 112(%rcx), %rdi\n"
    "	mov $16, %ecx\n"
    "3:	neg %rcx\n"
    "	mov (%rsp, %rcx, 8), %rax\n"
    "	neg %rcx\n"
    "	mov %rax, -8(%rdi, %rcx, 8)\n"
    "	dec %ecx\n"
    "	jnz 3b\n"
    "	pop %rdx\n pop %rsi\n pop %rcx\n"
    "	mov %edx, %eax\n"
    "	shr $32, %rdx\n"
    "	xsave64 (%rsi)\n"
    "	pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n"
    "	ret\n"
    ".size hold_registers, . - hold_registers\n"
    ".popsection\n");

static void check_registers(void)
{
	for (unsigned int i = 0; i < 14; i++)
		equal("a register", 0x5eed0000 + i, general_is.registers[i]);
	for (int i = 0; i < 16; i++)
		equal("the red zone", -1 - i, general_is.red_zone[i]);
	/* SSE registers, and upper halves of AVX. */
	if (memcmp(extended_was.bytes + 160, extended_is.bytes + 160, 256))
		say_wrong("SSE registers: are others");
	if (memcmp(extended_was.bytes + 576, extended_is.bytes + 576, 256))
		say_wrong("AVX registers: are others");
}

static void *keep_registers(void *unused)
{
	const uint64_t wanted = 7;
	uint32_t a, b, c, d;
	uint64_t mask;

	__cpuid(1, a, b, c, d);
	must("XSAVE", c & bit_OSXSAVE);
	asm volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
	mask = a & wanted;
	for (int i = 0; i < 256; i++) {
		extended_was.bytes[160 + i] = 3 * i + 1;
		extended_was.bytes[576 + i] = extended_is.bytes[576 + i] = mask & 4 ? 5 * i + 2 : 0;
	}
	/* Default control words. */
	extended_was.bytes[0] = 0x7f;
	extended_was.bytes[1] = 3;
	extended_was.bytes[24] = 0x80;
	extended_was.bytes[25] = 0x1f;
	memcpy(extended_was.bytes + 512, &mask, sizeof(mask));
	for (;;) {
		hold_registers(&extended_was, &extended_is, mask, &general_is);
		check_registers();
		atomic_fetch_add(&rounds, 1);
		nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	}
	return unused;
}

/* Threads that wait -------------------------------------------------------------------------------- */

static int event, epoll;
static atomic_ulong epoll_ends, futex_ends, signal_ends, sleeps;
static atomic_uint word;
static pthread_t signal_thread;

static void *wait_in_epoll(void *unused)
{
	struct epoll_event got;
	uint64_t number;

	for (;;) {
		int nr = epoll_wait(epoll, &got, 1, -1);

		if (nr != 1 || read(event, &number, sizeof(number)) != sizeof(number))
			say_wrong("epoll_wait: %s", nr < 0 ? strerror(errno) : "ended without a reason");
		atomic_fetch_add(&epoll_ends, 1);
	}
	return unused;
}

static void *wait_for_futex(void *unused)
{
	for (unsigned int value = 0;; value++) {
		long ret = syscall(SYS_futex, &word, FUTEX_WAIT, value, NULL, NULL, 0);

		if (atomic_load(&word) != value + 1)
			say_wrong("futex: ended without a reason: %s", ret ? strerror(errno) : "woken");
		atomic_fetch_add(&futex_ends, 1);
	}
	return unused;
}

static void *wait_for_signal(void *unused)
{
	const int signum = SIGRTMIN + 3;
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signum);
	for (unsigned int value = 0;; value++) {
		int got = sigwaitinfo(&set, &info);

		if (got != signum || info.si_int != (int)value)
			say_wrong("sigwaitinfo: %s", got < 0 ? strerror(errno) : "another signal");
		atomic_fetch_add(&signal_ends, 1);
	}
	return unused;
}

static void *sleep_often(void *unused)
{
	const struct timespec moment = { .tv_nsec = 10000000 };
	const long slack = 1000000;
	long took;
	struct timespec start, end, rest;

	for (;;) {
		/* The one clock that goes on also when the machine is started anew, if up to a second earlier. */
		clock_gettime(CLOCK_REALTIME, &start);
		if (nanosleep(&moment, &rest))
			say_wrong("nanosleep: %s", strerror(errno));
		clock_gettime(CLOCK_REALTIME, &end);
		took = (end.tv_sec - start.tv_sec) * 1000000000L + end.tv_nsec - start.tv_nsec;
		if (took >= 0 && took < moment.tv_nsec - slack)
			say_wrong("nanosleep: too short");
		atomic_fetch_add(&sleeps, 1);
	}
	return unused;
}

/* Some are in the first process alone: each costs a dump a hundred calls. */
static bool has_all(void)
{
	return *who == 'p';
}

static void check_waiting(void)
{
	unsigned long epolls = atomic_load(&epoll_ends), signals = atomic_load(&signal_ends);
	uint64_t one = 1;

	grows("nanosleep", &sleeps, atomic_load(&sleeps));
	must("eventfd", write(event, &one, sizeof(one)) == sizeof(one));
	grows("epoll_wait", &epoll_ends, epolls);
	pthread_sigqueue(signal_thread, SIGRTMIN + 3, (union sigval){ .sival_int = signals });
	grows("sigwaitinfo", &signal_ends, signals);
	equal("epoll_wait", epolls + 1, atomic_load(&epoll_ends));
	equal("sigwaitinfo", signals + 1, atomic_load(&signal_ends));
}

static void check_threads(void)
{
	unsigned long futexes = atomic_load(&futex_ends);

	/* Two, so that the first round that is looked at has begun after all was over. */
	grows("registers", &rounds, atomic_load(&rounds) + 1);
	atomic_fetch_add(&word, 1);
	syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0);
	grows("futex", &futex_ends, futexes);
	equal("futex", futexes + 1, atomic_load(&futex_ends));
	if (has_all())
		check_waiting();
}

static pthread_t start_thread(void *(*body)(void *))
{
	pthread_t thread;

	must("a thread", !pthread_create(&thread, NULL, body, NULL));
	return thread;
}

static void set_threads(void)
{
	struct epoll_event events = { .events = EPOLLIN };

	event = eventfd(0, EFD_CLOEXEC);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	must("epoll", event >= 0 && !epoll_ctl(epoll, EPOLL_CTL_ADD, event, &events));
	start_thread(keep_registers);
	start_thread(wait_for_futex);
	if (!has_all())
		return;
	start_thread(wait_in_epoll);
	start_thread(sleep_often);
	signal_thread = start_thread(wait_for_signal);
}

/* Memory ------------------------------------------------------------------------------------------- */

static unsigned char *private_memory, *shared_memory;
static unsigned long sum_was;

static unsigned long sum(void)
{
	unsigned long all = 0;

	for (int i = 0; i < MEMORY_SIZE; i++)
		all = all * 31 + private_memory[i] * 3UL + shared_memory[i];
	return all;
}

static void set_memory(int dir)
{
	int fd = openat(dir, who, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must("a file", fd >= 0 && !ftruncate(fd, MEMORY_SIZE));
	private_memory = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	shared_memory = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must("memory", private_memory != MAP_FAILED && shared_memory != MAP_FAILED);
	close(fd);
	for (int i = 0; i < MEMORY_SIZE; i++) {
		private_memory[i] = i * 7 + i / 4096;
		shared_memory[i] = i * 5 + i / 4096;
	}
	sum_was = sum();
}

/* Signals and timers ------------------------------------------------------------------------------- */

static atomic_ulong alarms, handled;
static char alternate[65536];
static bool on_alternate;
static int timer_descriptor;
static timer_t timer;

static void count_alarm(int signum)
{
	(void)signum;
	atomic_fetch_add(&alarms, 1);
}

static void count_signal(int signum, siginfo_t *info, void *context)
{
	char here;

	(void)signum;
	(void)info;
	(void)context;
	on_alternate = &here > alternate && &here < alternate + sizeof(alternate);
	atomic_fetch_add(&handled, 1);
}

static void set_signals(void)
{
	struct sigaction on_alarm = { .sa_handler = count_alarm, .sa_flags = SA_RESTART };
	struct sigaction on_user = { .sa_sigaction = count_signal,
				     .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART };
	const stack_t stack = { .ss_sp = alternate, .ss_size = sizeof(alternate) };
	const struct itimerval often = { { 0, 50000 }, { 0, 50000 } };
	const struct itimerspec later = { { HOUR, 7 }, { HOUR, 0 } };
	struct sigevent event_of_timer = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 2 };

	/* All of its pages are there from the start: an alarm in the handler would need one more. */
	memset(alternate, 1, sizeof(alternate));
	sigaddset(&on_user.sa_mask, SIGHUP);
	must("handlers", !sigaction(SIGALRM, &on_alarm, NULL) && !sigaction(SIGUSR1, &on_user, NULL));
	must("ignoring", signal(SIGWINCH, SIG_IGN) != SIG_ERR && !sigaltstack(&stack, NULL));
	/* They wait, for they are blocked. */
	for (int i = 0; i < 3; i++)
		must("signals", !sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = i }));
	timer_descriptor = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	must("timers", timer_descriptor >= 0 && !timerfd_settime(timer_descriptor, 0, &later, NULL) &&
			       !timer_create(CLOCK_MONOTONIC, &event_of_timer, &timer) &&
			       !timer_settime(timer, 0, &later, NULL) &&
			       !setitimer(ITIMER_REAL, &often, NULL));
}

/* All threads have the same, but that the first takes alarms and the signal for a handler. */
static void block_signals(bool first)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	for (int signum = SIGRTMIN + 1; signum <= SIGRTMIN + 3; signum++)
		sigaddset(&set, signum);
	if (!first) {
		sigaddset(&set, SIGALRM);
		sigaddset(&set, SIGUSR1);
	}
	sigprocmask(SIG_SETMASK, &set, NULL);
}

static void check_mask(void)
{
	sigset_t set;

	sigprocmask(SIG_SETMASK, NULL, &set);
	for (int signum = 1; signum <= SIGRTMAX; signum++)
		equal("the mask of signals",
		      signum == SIGUSR2 || (signum > SIGRTMIN && signum <= SIGRTMIN + 3),
		      sigismember(&set, signum) == 1);
	sigpending(&set);
	for (int signum = 1; signum <= SIGRTMAX; signum++)
		equal("a signal that waits", signum == SIGRTMIN + 1, sigismember(&set, signum) == 1);
}

static void check_signals(void)
{
	unsigned long before = atomic_load(&handled);
	struct itimerspec left;
	struct itimerval often;
	stack_t stack;

	check_mask();
	grows("alarms", &alarms, atomic_load(&alarms));
	on_alternate = false;
	kill(getpid(), SIGUSR1);
	grows("a handler", &handled, before);
	equal("a handler's stack", true, on_alternate);
	sigaltstack(NULL, &stack);
	equal("the alternate stack", sizeof(alternate), stack.ss_size);
	getitimer(ITIMER_REAL, &often);
	equal("the interval timer", 50000, often.it_interval.tv_usec);
	timer_gettime(timer, &left);
	equal("a timer", HOUR, left.it_interval.tv_sec);
	equal("a timer is armed", true, left.it_value.tv_sec > 0);
	timerfd_gettime(timer_descriptor, &left);
	equal("a timer's descriptor", true, left.it_value.tv_sec > 0);
}

/* Locks -------------------------------------------------------------------------------------------- */

static int open_in(int dir, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s-%s", who, name);
	fd = openat(dir, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	must(path, fd >= 0);
	return fd;
}

static void take_locks(int dir)
{
	struct flock range = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 10 };

	must("flock", !flock(open_in(dir, "flock"), LOCK_EX));
	must("a POSIX lock", !fcntl(open_in(dir, "posix"), F_SETLK, &range));
	must("an OFD lock", !fcntl(open_in(dir, "ofd"), F_OFD_SETLK, &range));
	must("a lease", !fcntl(open_in(dir, "lease"), F_SETLEASE, F_WRLCK));
}

/* What has no name, or one that is bound. */
static int unlinked;

static void open_odd(int dir)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), gone;

	must("a directory", !mkdirat(dir, "gone", 0700));
	gone = openat(dir, "gone", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	unlinked = open_in(gone, "unlinked");
	must("an unlinked file", write(unlinked, "content", 7) == 7 && !flock(unlinked, LOCK_SH) &&
					 !unlinkat(gone, "parent-unlinked", 0) && !close(gone));
	must("a directory that is gone", !unlinkat(dir, "gone", AT_REMOVEDIR));
	must("a directory", !fchdir(dir));
	strcpy(address.sun_path, "socket");
	must("a socket",
	     fd >= 0 && !bind(fd, (struct sockaddr *)&address, sizeof(address)) && !listen(fd, 1));
}

static void check_odd(void)
{
	char text[16] = "";

	equal("an unlinked file", 7, pread(unlinked, text, sizeof(text), 0));
	if (strcmp(text, "content"))
		say_wrong("an unlinked file: has %s", text);
}

/* Processes ---------------------------------------------------------------------------------------- */

static void set_up(int dir)
{
	set_memory(dir);
	take_locks(dir);
	if (has_all())
		open_odd(dir);
	/* Threads inherit the mask. */
	block_signals(false);
	set_threads();
	set_signals();
	block_signals(true);
}

static void check(void)
{
	equal("the sum of memory", sum_was, sum());
	if (has_all())
		check_odd();
	check_signals();
	check_threads();
}

/* Returns: whether there was one. */
static bool read_line(int fd)
{
	char byte = 0;

	while (read(fd, &byte, 1) == 1) {
		if (byte == '\n')
			return true;
	}
	return false;
}

static void __attribute__((noreturn)) be_child(int dir, int questions, int answers)
{
	char text[WRONG_SIZE];

	who = "child";
	must("the parent", !prctl(PR_SET_PDEATHSIG, SIGKILL));
	set_up(dir);
	must("an answer", write(answers, "\n", 1) == 1);
	while (read_line(questions)) {
		check();
		take_wrong(text);
		if (write(answers, text, strlen(text)) < 0 || write(answers, "\n", 1) != 1)
			break;
	}
	exit(0);
}

/* Passes on what the child finds wrong. */
static void ask_child(int questions, int answers)
{
	char byte, text[WRONG_SIZE] = "";
	size_t nr = 0;

	if (write(questions, "\n", 1) != 1)
		say_wrong("the child is gone");
	while (read(answers, &byte, 1) == 1 && byte != '\n') {
		if (nr + 1 < sizeof(text))
			text[nr++] = byte;
	}
	if (*text)
		say_wrong("%s", text);
}

int main(int argc, char **argv)
{
	int dir, questions[2], answers[2];
	char text[WRONG_SIZE];

	must("DIR", argc == 2 && (dir = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0);
	must("pipes", !pipe(questions) && !pipe(answers));
	switch (fork()) {
	case -1:
		must("a child", false);
		break;
	case 0:
		close(questions[1]);
		close(answers[0]);
		be_child(dir, questions[0], answers[1]);
	}
	close(questions[0]);
	close(answers[1]);
	must("the child", read_line(answers[0]));
	set_up(dir);
	printf("ready %d\n", getpid());
	fflush(stdout);
	while (read_line(STDIN_FILENO)) {
		ask_child(questions[1], answers[0]);
		check();
		take_wrong(text);
		puts(*text ? text : "ok");
		fflush(stdout);
	}
	return 0;
}
