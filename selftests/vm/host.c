// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The host's end of a VM: starts QEMU, hands the job to the guest's init, carries the command's
 * streams, and writes down how it ended.
 *
 *   host [-i] [-t SECONDS] -j JOB -o OUTCOME -q QEMU-STDERR -- QEMU ARGUMENT...
 *
 * QEMU finds its end of the virtio-serial port at descriptor 3. OUTCOME gets one line:
 *   status N       the command ended; N as a shell would say it
 *   refused TEXT   the guest could not start the command
 *   timeout        SECONDS went by
 *   detached       the escape key was pressed
 *   gone N         QEMU ended by itself with exit status N and the guest told no status
 * QEMU never outlives this process.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "frames.h"

#define QEMU_PORT_FD 3
#define ESCAPE_KEY   0x1d /* Ctrl-] */

/* Bytes that wait for the guest to take them. */
struct outbox {
	char *data;
	size_t len, sent, size;
};

/* The frame from the guest that is being put together. */
struct inbox {
	struct frame_header header;
	size_t have; /* of header, then of header and payload */
	char payload[FRAME_MAX];
};

static volatile sig_atomic_t timed_out, stopped, resized;

static struct termios saved_terminal;
static bool terminal_is_raw;

static void on_signal(int sig)
{
	if (sig == SIGALRM)
		timed_out = 1;
	else if (sig == SIGWINCH)
		resized = 1;
	else
		stopped = sig;
}

static void restore_terminal(void)
{
	if (terminal_is_raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &saved_terminal);
	terminal_is_raw = false;
}

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...)
{
	va_list args;

	restore_terminal();
	fputs("vm/host: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static void *grow(void *old, size_t size)
{
	void *p = realloc(old, size);

	if (!p)
		die("out of memory");
	return p;
}

static void catch_signals(void)
{
	/* No SA_RESTART: a write to a reader that takes nothing must notice the time-out. */
	struct sigaction action = { .sa_handler = on_signal };
	static const int signals[] = { SIGALRM, SIGWINCH, SIGTERM, SIGINT, SIGHUP, SIGQUIT };

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaction(signals[i], &action, NULL);
}

static void set_deadline(long seconds)
{
	/* Again every second: the first one may come between a test of the flag and a blocking call. */
	struct itimerval timer = { .it_value.tv_sec = seconds, .it_interval.tv_sec = 1 };

	if (seconds)
		setitimer(ITIMER_REAL, &timer, NULL);
}

static void make_terminal_raw(void)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &saved_terminal))
		return;
	raw = saved_terminal;
	cfmakeraw(&raw);
	terminal_is_raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

static pid_t start_qemu(char **argv, const char *errors, int *port)
{
	pid_t parent = getpid(), pid;
	int ends[2], log, null;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		die("socketpair: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid) {
		close(ends[1]);
		*port = ends[0];
		return pid;
	}

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	/* Ctrl-C is for this process to act on, not for QEMU. */
	setsid();
	log = open(errors, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (log < 0 || null < 0)
		die("%s: %s", errors, strerror(errno));
	dup2(null, STDIN_FILENO);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	if (ends[1] == QEMU_PORT_FD)
		fcntl(ends[1], F_SETFD, 0);
	else
		dup2(ends[1], QEMU_PORT_FD);
	execvp(argv[0], argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static void queue_frame(struct outbox *out, enum frame_type type, const void *data, size_t len)
{
	struct frame_header header = { .type = type, .len = len };
	size_t need;

	if (out->sent == out->len)
		out->sent = out->len = 0;
	need = out->len + sizeof(header) + len;
	if (need > out->size) {
		out->data = grow(out->data, need);
		out->size = need;
	}
	memcpy(out->data + out->len, &header, sizeof(header));
	if (len)
		memcpy(out->data + out->len + sizeof(header), data, len);
	out->len = need;
}

static void queue_job(struct outbox *out, const char *path)
{
	char *data = NULL;
	size_t len = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	do {
		data = grow(data, len + FRAME_MAX);
		n = read(fd, data + len, FRAME_MAX);
		if (n < 0)
			die("%s: %s", path, strerror(errno));
		len += n;
		if (len > FRAME_JOB_MAX)
			die("the command line and its environment are over %d bytes", FRAME_JOB_MAX);
	} while (n);
	close(fd);
	queue_frame(out, FRAME_JOB, data, len);
	free(data);
}

static void queue_winsize(struct outbox *out)
{
	struct winsize size;
	struct winsize_frame frame;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size))
		return;
	frame.rows = size.ws_row;
	frame.columns = size.ws_col;
	queue_frame(out, FRAME_WINSIZE, &frame, sizeof(frame));
}

static void send_queued(struct outbox *out, int port)
{
	ssize_t n = send(port, out->data + out->sent, out->len - out->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

	/* Any other error shows on the receiving side as the end of file. */
	if (n > 0)
		out->sent += n;
}

/* False at the end of input, true otherwise. *escape is set when the user asks to leave. */
static bool take_stdin(struct outbox *out, bool *escape)
{
	char data[FRAME_MAX];
	ssize_t n = read(STDIN_FILENO, data, sizeof(data));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n > 0 && terminal_is_raw && memchr(data, ESCAPE_KEY, n)) {
		*escape = true;
		return true;
	}
	queue_frame(out, FRAME_STDIN, data, n > 0 ? n : 0);
	return n > 0;
}

static void write_stream(int fd, const char *data, size_t len)
{
	struct pollfd wait = { .fd = fd, .events = POLLOUT };
	ssize_t n;

	while (len && !timed_out && !stopped) {
		n = write(fd, data, len);
		if (n >= 0) {
			data += n;
			len -= n;
		} else if (errno == EAGAIN) {
			poll(&wait, 1, -1);
		} else if (errno != EINTR) {
			die("cannot pass on what the command wrote: %s", strerror(errno));
		}
	}
}

/* Returns true if this frame was the last one, and writes it down. */
static bool take_frame(const struct inbox *in, FILE *outcome)
{
	uint32_t status;

	switch (in->header.type) {
	case FRAME_STDOUT:
		write_stream(STDOUT_FILENO, in->payload, in->header.len);
		return false;
	case FRAME_STDERR:
		write_stream(STDERR_FILENO, in->payload, in->header.len);
		return false;
	case FRAME_STATUS:
		memcpy(&status, in->payload, sizeof(status));
		fprintf(outcome, "status %u\n", status);
		return true;
	case FRAME_REFUSED:
		fprintf(outcome, "refused %.*s\n", (int)in->header.len, in->payload);
		return true;
	default:
		die("the guest sent a frame of unknown type %u", in->header.type);
	}
}

enum port_state { PORT_OPEN, PORT_DONE, PORT_GONE };

static enum port_state take_port(struct inbox *in, int port, FILE *outcome)
{
	const size_t head = sizeof(in->header);
	ssize_t n;

	if (in->have < head)
		n = read(port, (char *)&in->header + in->have, head - in->have);
	else
		n = read(port, in->payload + in->have - head, in->header.len - (in->have - head));
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return PORT_OPEN;
	if (n <= 0)
		return PORT_GONE;
	in->have += n;
	if (in->have < head)
		return PORT_OPEN;
	if (in->header.len > FRAME_MAX)
		die("the guest sent a frame of %u bytes", in->header.len);
	if (in->have < head + in->header.len)
		return PORT_OPEN;
	in->have = 0;
	return take_frame(in, outcome) ? PORT_DONE : PORT_OPEN;
}

static void end_qemu(pid_t qemu, bool force, FILE *outcome)
{
	int status;

	if (force)
		kill(qemu, SIGKILL);
	while (waitpid(qemu, &status, 0) < 0 && errno == EINTR) {
		/* A QEMU that closed its port and stays is of no more use. */
		if (timed_out || stopped)
			kill(qemu, SIGKILL);
	}
	if (!force)
		fprintf(outcome, "gone %d\n",
			WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static void carry(int port, struct outbox *out, bool input, pid_t qemu, FILE *outcome)
{
	static struct inbox in;
	enum port_state state = PORT_OPEN;
	bool escape = false;

	while (state == PORT_OPEN && !timed_out && !stopped && !escape) {
		bool pending = out->sent < out->len;
		/* Input is read only when the guest took the last: the rest waits where it comes from. */
		struct pollfd fds[] = {
			{ .fd = port, .events = POLLIN | (pending ? POLLOUT : 0) },
			{ .fd = input && !pending ? STDIN_FILENO : -1, .events = POLLIN },
		};

		if (resized) {
			resized = 0;
			queue_winsize(out);
			continue;
		}
		if (poll(fds, 2, 1000) < 0)
			continue;
		if (fds[0].revents & POLLOUT)
			send_queued(out, port);
		if (fds[1].revents)
			input = take_stdin(out, &escape);
		if (fds[0].revents & ~POLLOUT)
			state = take_port(&in, port, outcome);
	}
	if (timed_out)
		fputs("timeout\n", outcome);
	else if (escape)
		fputs("detached\n", outcome);
	end_qemu(qemu, state != PORT_GONE || timed_out || stopped, outcome);
}

int main(int argc, char **argv)
{
	const char *job = NULL, *outcome_path = NULL, *errors = NULL;
	struct outbox out = { 0 };
	bool input = false;
	long seconds = 0;
	FILE *outcome;
	int opt, port;
	pid_t qemu;

	while ((opt = getopt(argc, argv, "+it:j:o:q:")) != -1) {
		switch (opt) {
		case 'i':
			input = true;
			break;
		case 't':
			seconds = atol(optarg);
			break;
		case 'j':
			job = optarg;
			break;
		case 'o':
			outcome_path = optarg;
			break;
		case 'q':
			errors = optarg;
			break;
		default:
			return 1;
		}
	}
	if (!job || !outcome_path || !errors || optind == argc)
		die("needs -j, -o, -q and a QEMU command line");

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	catch_signals();
	set_deadline(seconds);
	queue_job(&out, job);
	outcome = fopen(outcome_path, "we");
	if (!outcome)
		die("%s: %s", outcome_path, strerror(errno));
	qemu = start_qemu(argv + optind, errors, &port);
	if (input && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)) {
		make_terminal_raw();
		queue_winsize(&out);
	}
	carry(port, &out, input, qemu, outcome);
	restore_terminal();
	fclose(outcome);
	return stopped ? 128 + stopped : 0;
}
