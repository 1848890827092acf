// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PID 1 of a VM: loads the drivers, makes a root from the host's under a tmpfs, runs the one
 * command of the job that the host sends (see frames.h), and tells its status.
 *
 * The host ends the VM when it has the status. A panic ends it too, by panic=-1.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "frames.h"

#define P9_OPTIONS "trans=virtio,version=9p2000.L,msize=512000"

/* What the job asks for; the strings point into the received frame. */
struct job {
	const char *cwd;
	bool tty, input;
	char **keep, **rw, **env, **argv;
};

/* The host's descriptors of the command's streams: -1 once they are at their end. */
struct streams {
	int out, err; /* err is -1 with a terminal */
	int in; /* -1 too if the command gets none */
};

static int port = -1;
static int kmsg = -1;

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

static void write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		p += n;
		len -= n;
	}
}

static void send_frame(enum frame_type type, const void *data, size_t len)
{
	struct {
		struct frame_header header;
		char payload[FRAME_MAX];
	} frame = { .header = { .type = type, .len = len } };

	/* In one piece: each write to the port costs an exit to the emulator. */
	memcpy(frame.payload, data, len);
	write_all(port, &frame, sizeof(frame.header) + len);
}

/* Waits for the host to end the VM; does it itself if that takes long. */
static void __attribute__((noreturn)) power_off(void)
{
	pause_ms(10000);
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

/*
 * One write is one record; without its newline it would not be printed before the next one.
 * dprintf is no use: it seeks first, which /dev/kmsg refuses.
 */
static void __attribute__((format(printf, 1, 2))) log_line(const char *format, ...)
{
	char text[900];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	write_all(kmsg, text, strlen(text));
}

static void __attribute__((noreturn, format(printf, 1, 2))) refuse(const char *format, ...)
{
	char text[800];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log_line("<3>crlock-vm: %s\n", text);
	if (port >= 0)
		send_frame(FRAME_REFUSED, text, strlen(text));
	else
		/* Nobody is there to be told: let the console and the end of the VM speak. */
		reboot(RB_POWER_OFF);
	power_off();
}

static bool try_mount(const char *source, const char *target, const char *type, unsigned long flags,
		      const char *options)
{
	return mount(source, target, type, flags, options) == 0;
}

static void must_mount(const char *source, const char *target, const char *type, unsigned long flags,
		       const char *options)
{
	if (!try_mount(source, target, type, flags, options))
		refuse("cannot mount %s (%s) on %s: %s", source, type ?: "bind", target, strerror(errno));
}

/* mkdir -p; a directory that is there already is as good. */
static void make_directories(const char *path)
{
	char copy[4096];

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *p = copy + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		mkdir(copy, 0755);
		*p = '/';
	}
	mkdir(copy, 0755);
}

/* The initramfs lists its modules in the order in which they depend on each other. */
static void load_modules(void)
{
	FILE *list = fopen("/modules", "re");
	char name[256], path[300];
	int fd;

	while (list && fscanf(list, "%255s", name) == 1) {
		snprintf(path, sizeof(path), "/%s", name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST))
			refuse("cannot load %s: %s", name, strerror(errno));
		close(fd);
	}
	if (list)
		fclose(list);
}

static int find_port(void)
{
	DIR *ports = opendir("/sys/class/virtio-ports");
	char path[300], name[64];
	struct dirent *entry;
	int fd, found = -1;
	ssize_t n;

	while (ports && found < 0 && (entry = readdir(ports))) {
		snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", entry->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		n = read(fd, name, sizeof(name) - 1);
		close(fd);
		name[n > 0 ? n : 0] = '\0';
		if (strcmp(name, FRAME_PORT_NAME "\n"))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		found = open(path, O_RDWR | O_CLOEXEC);
	}
	if (ports)
		closedir(ports);
	return found;
}

/* The driver makes the port when the host has named it, some time after the device was found. */
static void open_port(void)
{
	for (int i = 0; i < 3000 && port < 0; i++) {
		port = find_port();
		if (port < 0)
			pause_ms(5);
	}
	if (port < 0)
		refuse("found no virtio-serial port called " FRAME_PORT_NAME);
}

/* False if the host is gone. */
static bool read_port(void *data, size_t len)
{
	char *p = data;

	while (len) {
		ssize_t n = read(port, p, len);

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return false;
		if (n == 0) {
			/* Not connected yet, or never again: then the host ends the VM. */
			pause_ms(5);
			continue;
		}
		p += n;
		len -= n;
	}
	return true;
}

static void append(char ***list, char *word)
{
	size_t n = 0;

	while (*list && (*list)[n])
		n++;
	*list = realloc(*list, (n + 2) * sizeof(**list));
	if (!*list)
		refuse("out of memory");
	(*list)[n] = word;
	(*list)[n + 1] = NULL;
}

static void parse_record(struct job *job, char *record)
{
	char *value = strchr(record, '=');

	if (!value)
		refuse("the job has a record without a value: %s", record);
	*value++ = '\0';
	if (!strcmp(record, "cwd"))
		job->cwd = value;
	else if (!strcmp(record, "tty"))
		job->tty = true;
	else if (!strcmp(record, "stdin"))
		job->input = true;
	else if (!strcmp(record, "keep"))
		append(&job->keep, value);
	else if (!strcmp(record, "rw"))
		append(&job->rw, value);
	else if (!strcmp(record, "env"))
		append(&job->env, value);
	else if (!strcmp(record, "arg"))
		append(&job->argv, value);
	else
		refuse("the job has a record of unknown kind: %s", record);
}

static struct job receive_job(void)
{
	struct job job = { .cwd = "/" };
	struct frame_header header;
	char *text;

	if (!read_port(&header, sizeof(header)) || header.type != FRAME_JOB || header.len > FRAME_JOB_MAX)
		refuse("received no job");
	text = malloc(header.len + 1);
	if (!text || !read_port(text, header.len))
		refuse("received no whole job");
	text[header.len] = '\0';
	for (char *p = text, *next; p < text + header.len; p = next) {
		next = p + strlen(p) + 1;
		parse_record(&job, p);
	}
	return job;
}

static void make_link(const char *target, const char *path)
{
	if (symlink(target, path) && errno != EEXIST)
		refuse("cannot make %s: %s", path, strerror(errno));
}

static void mount_system(void)
{
	static const char *const fresh[] = { "/tmp", "/run" };

	must_mount("proc", "/proc", "proc", 0, NULL);
	must_mount("sysfs", "/sys", "sysfs", 0, NULL);
	must_mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	make_directories("/dev/pts");
	make_directories("/dev/shm");
	must_mount("devpts", "/dev/pts", "devpts", 0, "ptmxmode=0666,mode=0620,gid=5");
	must_mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
	for (size_t i = 0; i < sizeof(fresh) / sizeof(*fresh); i++) {
		make_directories(fresh[i]);
		must_mount("tmpfs", fresh[i], "tmpfs", 0, i ? "mode=0755" : "mode=1777");
	}
	/* A kernel may be built without these; who needs them finds out. */
	try_mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL);
	try_mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	try_mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL);

	make_link("/proc/self/fd", "/dev/fd");
	make_link("fd/0", "/dev/stdin");
	make_link("fd/1", "/dev/stdout");
	make_link("fd/2", "/dev/stderr");
}

/* Opened on the root before its /tmp is covered; the handle outlives the cover. */
static int *open_kept(char **paths)
{
	size_t n = 0;
	int *trees;

	while (paths && paths[n])
		n++;
	trees = calloc(n + 1, sizeof(*trees));
	for (size_t i = 0; trees && i < n; i++) {
		trees[i] = syscall(SYS_open_tree, AT_FDCWD, paths[i], 1 /* OPEN_TREE_CLONE */);
		if (trees[i] < 0)
			refuse("%s: %s", paths[i], strerror(errno));
	}
	return trees;
}

static void mount_kept(char **paths, const int *trees)
{
	for (size_t i = 0; paths && paths[i]; i++) {
		make_directories(paths[i]);
		if (syscall(SYS_move_mount, trees[i], "", AT_FDCWD, paths[i],
			    4 /* MOVE_MOUNT_F_EMPTY_PATH */))
			refuse("cannot keep %s: %s", paths[i], strerror(errno));
		close(trees[i]);
	}
}

static void mount_shares(char **paths)
{
	char tag[32];

	for (size_t i = 0; paths && paths[i]; i++) {
		snprintf(tag, sizeof(tag), "rw%zu", i);
		make_directories(paths[i]);
		/* Uncached: what is written is on the host when the write returns. */
		must_mount(tag, paths[i], "9p", 0, P9_OPTIONS ",cache=none");
	}
}

static void make_root(const struct job *job)
{
	int *kept;

	make_directories("/host");
	make_directories("/guest");
	make_directories("/root");
	/* The host's files do not change under a guest that matters, so it may cache them. */
	must_mount("root", "/host", "9p", MS_RDONLY, P9_OPTIONS ",cache=loose");
	must_mount("tmpfs", "/guest", "tmpfs", 0, "mode=0755");
	make_directories("/guest/upper");
	make_directories("/guest/work");
	must_mount("overlay", "/root", "overlay", 0,
		   "lowerdir=/host,upperdir=/guest/upper,workdir=/guest/work");

	umount2("/dev", MNT_DETACH);
	umount2("/sys", MNT_DETACH);
	umount2("/proc", MNT_DETACH);
	if (chdir("/root") || mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"))
		refuse("cannot enter the new root: %s", strerror(errno));

	kept = open_kept(job->keep);
	mount_system();
	mount_kept(job->keep, kept);
	free(kept);
	mount_shares(job->rw);
}

/*
 * All CPUs but the first. A kernel that boots patches its own text, behind breakpoints; where CPUs are threads
 * of an emulator one may run into a breakpoint that is not there any more, and that is an oops.
 */
static void start_cpus(void)
{
	char path[64];
	int fd;

	for (int cpu = 1;; cpu++) {
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			return;
		if (write(fd, "1", 1) != 1)
			log_line("<4>crlock-vm: CPU %d does not start: %s\n", cpu, strerror(errno));
		close(fd);
	}
}

static void bring_up_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	ioctl(fd, SIOCSIFFLAGS, &request);
	close(fd);
}

static void open_streams(const struct job *job, struct streams *ours, struct streams *theirs)
{
	int out[2], err[2], in[2];

	if (job->tty) {
		ours->out = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
		if (ours->out < 0 || grantpt(ours->out) || unlockpt(ours->out))
			refuse("cannot make a terminal: %s", strerror(errno));
		ours->in = fcntl(ours->out, F_DUPFD_CLOEXEC, 0);
		ours->err = -1;
		theirs->in = open(ptsname(ours->out), O_RDWR | O_NOCTTY | O_CLOEXEC);
		theirs->out = theirs->err = theirs->in;
		fcntl(ours->out, F_SETFL, O_NONBLOCK);
		return;
	}
	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC) || pipe2(in, O_CLOEXEC))
		refuse("cannot make pipes: %s", strerror(errno));
	*ours = (struct streams){ .out = out[0], .err = err[0], .in = in[1] };
	*theirs = (struct streams){ .out = out[1], .err = err[1], .in = in[0] };
	fcntl(ours->out, F_SETFL, O_NONBLOCK);
	fcntl(ours->err, F_SETFL, O_NONBLOCK);
	fcntl(ours->in, F_SETFL, O_NONBLOCK);
	if (!job->input) {
		close(in[0]);
		close(in[1]);
		ours->in = -1;
		theirs->in = open("/dev/null", O_RDWR | O_CLOEXEC);
	}
}

static const char *complaint_of(int error)
{
	return error == ENOENT ? "command not found" : strerror(error);
}

static void __attribute__((noreturn)) be_command(const struct job *job, const struct streams *io)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	if (job->tty)
		ioctl(io->in, TIOCSCTTY, 0);
	dup2(io->in, STDIN_FILENO);
	dup2(io->out, STDOUT_FILENO);
	dup2(io->err, STDERR_FILENO);
	environ = job->env;
	umask(022);
	execvp(job->argv[0], job->argv);
	dprintf(STDERR_FILENO, "%s: %s\n", job->argv[0], complaint_of(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static pid_t start_command(const struct job *job, struct streams *ours)
{
	struct streams theirs;
	pid_t pid;

	open_streams(job, ours, &theirs);
	if (chdir(job->cwd))
		refuse("%s: %s", job->cwd, strerror(errno));
	pid = fork();
	if (pid < 0)
		refuse("fork: %s", strerror(errno));
	if (!pid)
		be_command(job, &theirs);
	if (chdir("/"))
		refuse("/: %s", strerror(errno));
	close(theirs.in);
	if (!job->tty) {
		close(theirs.out);
		close(theirs.err);
	}
	return pid;
}

/* False at the end of the stream, which closes it, or if it has nothing now. */
static bool forward(int *fd, enum frame_type type)
{
	char data[FRAME_MAX];
	ssize_t n = read(*fd, data, sizeof(data));

	if (n > 0) {
		send_frame(type, data, n);
		return true;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	close(*fd);
	*fd = -1;
	return false;
}

/* What the host sends, on its way to the command, which may take it slowly or not at all. */
struct input {
	struct frame_header header;
	char data[FRAME_MAX];
	size_t sent; /* of a FRAME_STDIN that is being delivered */
	bool busy;
};

static void close_input(struct streams *io)
{
	if (io->in >= 0)
		close(io->in);
	io->in = -1;
}

static void take_host_frame(struct input *input, struct streams *io)
{
	struct winsize_frame size;
	struct winsize ws = { 0 };

	if (!read_port(&input->header, sizeof(input->header)) || input->header.len > FRAME_MAX ||
	    !read_port(input->data, input->header.len))
		return;
	if (input->header.type == FRAME_STDIN && io->in >= 0) {
		if (input->header.len == 0)
			close_input(io);
		input->busy = input->header.len && io->in >= 0;
		input->sent = 0;
	} else if (input->header.type == FRAME_WINSIZE && io->out >= 0) {
		memcpy(&size, input->data, sizeof(size));
		ws.ws_row = size.rows;
		ws.ws_col = size.columns;
		ioctl(io->out, TIOCSWINSZ, &ws);
	}
}

static void deliver(struct input *input, struct streams *io)
{
	ssize_t n = write(io->in, input->data + input->sent, input->header.len - input->sent);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		close_input(io);
		input->busy = false;
		return;
	}
	input->sent += n;
	input->busy = input->sent < input->header.len;
}

/* Reaps whatever is there to reap. True once the command itself was. */
static bool reap(pid_t command, int *status)
{
	bool ended = false;
	int s;

	for (pid_t pid; (pid = waitpid(-1, &s, WNOHANG)) > 0;) {
		if (pid != command)
			continue;
		*status = WIFSIGNALED(s) ? 128 + WTERMSIG(s) : WEXITSTATUS(s);
		ended = true;
	}
	return ended;
}

static int carry(pid_t command, struct streams *io, int children)
{
	static struct input input;
	struct signalfd_siginfo info;
	int status = 0;
	bool ended = false;

	while (!ended) {
		struct pollfd fds[] = {
			{ .fd = children, .events = POLLIN },
			{ .fd = io->out, .events = POLLIN },
			{ .fd = io->err, .events = POLLIN },
			{ .fd = input.busy ? -1 : port, .events = POLLIN },
			{ .fd = input.busy ? io->in : -1, .events = POLLOUT },
		};

		if (poll(fds, sizeof(fds) / sizeof(*fds), -1) < 0)
			continue;
		if (fds[1].revents)
			forward(&io->out, FRAME_STDOUT);
		if (fds[2].revents)
			forward(&io->err, FRAME_STDERR);
		if (fds[3].revents & POLLIN)
			take_host_frame(&input, io);
		if (fds[4].revents)
			deliver(&input, io);
		if (fds[0].revents && read(children, &info, sizeof(info)) > 0)
			ended = reap(command, &status);
	}

	/* What it started may hold the streams open for ever: take what is there and go. */
	while (io->out >= 0 && forward(&io->out, FRAME_STDOUT))
		;
	while (io->err >= 0 && forward(&io->err, FRAME_STDERR))
		;
	return status;
}

static void unmount_shares(char **paths)
{
	for (size_t i = 0; paths && paths[i]; i++) {
		int fd = open(paths[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0)
			syncfs(fd);
		close(fd);
		umount2(paths[i], MNT_DETACH);
	}
}

static int watch_children(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int main(void)
{
	struct streams io;
	uint32_t status = 0;
	struct job job;
	int children;

	make_directories("/proc");
	make_directories("/sys");
	make_directories("/dev");
	try_mount("proc", "/proc", "proc", 0, NULL);
	try_mount("sysfs", "/sys", "sysfs", 0, NULL);
	try_mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	load_modules();
	open_port();
	job = receive_job();
	if (job.argv) {
		make_root(&job);
		start_cpus();
		bring_up_loopback();
		sethostname("crlock-vm", strlen("crlock-vm"));
		children = watch_children();
		status = carry(start_command(&job, &io), &io, children);
		unmount_shares(job.rw);
	}
	/* Printing it prints what waits before it: the console is complete when the host reads it. */
	log_line("<6>crlock-vm: the command ended with status %u\n", status);
	send_frame(FRAME_STATUS, &status, sizeof(status));
	power_off();
}
