// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dump/keeper.h"
#include "dump/target.h"
#include "image/hold.h"
#include "image/say.h"
#include "locks/format.h"
#include "procfs/order.h"

struct kept {
	struct hold_name name;
	int fd;
};

struct keeper {
	struct kept *kept;
	size_t nr;
	int dir, listener;
	int crdump; /* tells it by an error number, or 0, whether it stays, and gets a byte once the tree has ended */
};

/* With a tenth of a second before the next one. */
#define WORD_TRIES 50

/* The other end of that; -1: nobody waits there. */
static int keeper_end = -1;

/* Taking ------------------------------------------------------------------------------------------- */

static bool is_kept(const struct keeper *keeper, const struct crlock_holder *holder)
{
	for (size_t i = 0; i < keeper->nr; i++) {
		if (keeper->kept[i].name.pid == holder->tgid && keeper->kept[i].name.fd == holder->fd)
			return true;
	}
	return false;
}

static const struct crlock_holder *find_holder(const struct checkpoint_file *file,
					       const struct trace_tree *tree)
{
	for (size_t i = 0; i < file->nr_holders; i++) {
		const struct crlock_holder *holder = &file->holders[i];

		if (lock_holder_of_process(holder) && trace_tree_has(tree, holder->tgid))
			return holder;
	}
	return NULL;
}

/* Returns: 1, 0 if it cannot be kept, or a negative errno value. */
static int keep_description(struct keeper *keeper, const struct checkpoint_file *file,
			    const struct trace_tree *tree)
{
	const struct crlock_holder *holder = find_holder(file, tree);
	int fd;

	/* What has no name is made anew, and then is another file. */
	if (!holder || file->deleted || !(S_ISREG(file->mode) || S_ISDIR(file->mode)))
		return 0;
	if (is_kept(keeper, holder))
		return 1;
	fd = target_descriptor(holder->tgid, holder->fd);
	if (fd < 0)
		return fd;
	keeper->kept[keeper->nr++] = (struct kept){ { holder->tgid, holder->fd }, fd };
	return 1;
}

static void tell(const struct lock *lock)
{
	struct lock_buffer name = { 0 };

	lock_format_name(&name, lock);
	say("%s: cannot be held until it is restored", lock_buffer_text(&name));
	lock_buffer_free(&name);
}

static int keep_all(struct keeper *keeper, const struct checkpoint *locks, const struct trace_tree *tree)
{
	keeper->kept = calloc(locks->nr_files + 1, sizeof(*keeper->kept));
	if (!keeper->kept)
		return -ENOMEM;
	for (size_t i = 0; i < locks->locks.nr; i++) {
		const struct lock *lock = &locks->locks.locks[i];
		const struct checkpoint_file *file = checkpoint_file_of(locks, lock->row.file_id);
		int ret = 0;

		if (file && lock->row.kind != CRLOCK_KIND_POSIX)
			ret = keep_description(keeper, file, tree);
		if (ret < 0)
			return ret;
		if (!ret)
			tell(lock);
	}
	return 0;
}

static void close_all(struct keeper *keeper)
{
	for (size_t i = 0; i < keeper->nr; i++)
		close(keeper->kept[i].fd);
	free(keeper->kept);
}

/* In the process that stays --------------------------------------------------------------------------- */

static int compare_fds(const void *x, const void *y)
{
	const int *a = x, *b = y;

	COMPARE(*a, *b);
	return 0;
}

/* Closes all descriptors from @first on but these, which get sorted. Returns: 0 or a negative errno value. */
static int close_from(unsigned int first, int *fds, size_t nr)
{
	qsort(fds, nr, sizeof(*fds), compare_fds);
	for (size_t i = 0; i < nr; i++) {
		if (first < (unsigned int)fds[i] && close_range(first, fds[i] - 1, 0))
			return -errno;
		first = fds[i] + 1;
	}
	return close_range(first, ~0U, 0) ? -errno : 0;
}

/* Whoever waits for crdump's output to end does not wait for this process. Returns: 0 or a negative errno value. */
static int close_others(const struct keeper *keeper)
{
	int null = open("/dev/null", O_RDWR), ret = 0;
	int *fds = calloc(keeper->nr + 3, sizeof(*fds));
	size_t nr = 0;

	if (!fds || null < 0)
		ret = fds ? -errno : -ENOMEM;
	for (int fd = 0; !ret && fd <= STDERR_FILENO; fd++)
		ret = dup2(null, fd) < 0 ? -errno : 0;
	for (size_t i = 0; !ret && i < keeper->nr; i++)
		fds[nr++] = keeper->kept[i].fd;
	if (!ret) {
		fds[nr++] = keeper->dir;
		fds[nr++] = keeper->listener;
		fds[nr++] = keeper->crdump;
		ret = close_from(STDERR_FILENO + 1, fds, nr);
	}
	free(fds);
	return ret;
}

/* Returns: whether all have arrived. */
static bool hand_out(const struct keeper *keeper, int connection)
{
	for (size_t i = 0; i < keeper->nr; i++) {
		const struct kept *kept = &keeper->kept[i];

		if (hold_send(connection, kept->name, kept->fd))
			return false;
	}
	return !hold_send(connection, (struct hold_name){ 0 }, -1) && hold_await(connection);
}

/* Away from all that is crdump's. Returns: 0 or a negative errno value. */
static int settle(const struct keeper *keeper)
{
	static const int of_group[] = { SIGINT, SIGQUIT, SIGTSTP, SIGTTOU };
	sigset_t none;
	int ret;

	setsid();
	prctl(PR_SET_NAME, "crdump-keeper");
	signal(SIGHUP, SIG_IGN);
	/* What was sent to crdump's group until now is not for this process. */
	for (size_t i = 0; i < sizeof(of_group) / sizeof(*of_group); i++) {
		signal(of_group[i], SIG_IGN);
		signal(of_group[i], SIG_DFL);
	}
	/* What waits until crdump is done does not wait until this process is. */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	ret = close_others(keeper);
	return ret ? ret : chdir("/") ? -errno : 0;
}

/* Of a call that failed for what may pass. */
static void pause_after(int error)
{
	if (error != EINTR && error != ECONNABORTED)
		poll(NULL, 0, 100);
}

/* Returns: whether the tree has ended; else crdump was killed, and the tree goes on with its locks. */
static bool await_end(const struct keeper *keeper)
{
	ssize_t got;
	char byte;

	while ((got = read(keeper->crdump, &byte, 1)) < 0 && errno != ECONNRESET)
		pause_after(errno);
	return got == 1;
}

/* The connection is closed last: who waits for that then has the locks alone. */
static void __attribute__((noreturn)) stay(struct keeper *keeper)
{
	int ret = settle(keeper), connection;

	if (send(keeper->crdump, &ret, sizeof(ret), 0) != sizeof(ret) || ret || !await_end(keeper)) {
		unlinkat(keeper->dir, IMAGE_HOLD, 0);
		_exit(1);
	}
	/* From here on the locks are lost if it ends. */
	do {
		connection = accept4(keeper->listener, NULL, NULL, SOCK_CLOEXEC);
		if (connection < 0)
			pause_after(errno);
		else if (hand_out(keeper, connection))
			break;
		else
			close(connection);
	} while (true);
	unlinkat(keeper->dir, IMAGE_HOLD, 0);
	close_all(keeper);
	_exit(0);
}

/* All -------------------------------------------------------------------------------------------------- */

/* Returns: the pid of a process that stays, or a negative errno value. */
static pid_t make(struct keeper *keeper, int ends[2])
{
	pid_t pid = fork();
	int ret = pid < 0 ? -errno : -ECHILD;
	ssize_t got = 0;

	if (!pid) {
		close(ends[0]);
		stay(keeper);
	}
	close(ends[1]);
	while (pid > 0 && (got = recv(ends[0], &ret, sizeof(ret), 0)) < 0 && errno == EINTR)
		;
	if (got < 0)
		ret = -errno;
	if (!ret)
		return pid;
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	close(ends[0]);
	return ret;
}

/* Returns: 0 or a negative errno value. */
static int start(struct keeper *keeper, pid_t *pid)
{
	int ends[2], ret;

	keeper->listener = hold_listen(keeper->dir);
	if (keeper->listener < 0)
		return keeper->listener;
	ret = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) ? -errno : 0;
	if (!ret) {
		keeper->crdump = ends[1];
		*pid = make(keeper, ends);
		ret = *pid < 0 ? *pid : 0;
	}
	if (ret)
		unlinkat(keeper->dir, IMAGE_HOLD, 0);
	else
		keeper_end = ends[0];
	return ret;
}

int keeper_start(const struct checkpoint *locks, const struct trace_tree *tree,
		 struct image_directory *directory, const struct image_error *error)
{
	struct keeper keeper = { .dir = directory->fd, .listener = -1 };
	int ret = keep_all(&keeper, locks, tree);
	pid_t pid = 0;

	if (!ret && keeper.nr)
		ret = start(&keeper, &pid);
	if (keeper.listener >= 0)
		close(keeper.listener);
	close_all(&keeper);
	if (ret)
		return image_error(error, ret, directory->path, "its locks cannot be held: %s",
				   strerror(-ret));
	if (pid > 0)
		say_warning("%s: %d holds the locks until crrestore has them, or until it is killed",
			    directory->path, pid);
	return 0;
}

/* What fails for a moment does not do so all the time. Returns: whether it has heard of it. */
static bool send_byte(void)
{
	for (int tries = 0; tries < WORD_TRIES; tries++) {
		if (send(keeper_end, "", 1, MSG_NOSIGNAL) == 1)
			return true;
		if (errno == EPIPE || errno == ECONNRESET)
			return false;
		pause_after(errno);
	}
	return false;
}

void keeper_tell(const struct image_directory *directory)
{
	if (keeper_end >= 0 && !send_byte())
		say_warning("%s: who was to hold its locks was killed: others may have them",
			    directory->path);
	keeper_dismiss();
}

void keeper_dismiss(void)
{
	if (keeper_end >= 0)
		close(keeper_end);
	keeper_end = -1;
}
