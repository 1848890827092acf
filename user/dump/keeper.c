// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dump/keeper.h"
#include "dump/target.h"
#include "image/hold.h"
#include "image/say.h"
#include "locks/format.h"
#include "locks/order.h"

struct kept {
	struct hold_name name;
	int fd;
};

struct keeper {
	struct kept *kept;
	size_t nr;
	int dir, listener;
	int ended; /* gets a byte once the tree has ended */
};

/* The other end of it; -1: nobody waits there. */
static int tell_ended = -1;

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

/* Whoever waits for crdump's output to end does not wait for this process. */
static void close_others(const struct keeper *keeper)
{
	int *fds = calloc(keeper->nr + 3, sizeof(*fds)), null = open("/dev/null", O_RDWR);
	unsigned int next = STDERR_FILENO + 1;
	size_t nr = 0;

	if (!fds)
		_exit(1);
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
	for (size_t i = 0; i < keeper->nr; i++)
		fds[nr++] = keeper->kept[i].fd;
	fds[nr++] = keeper->dir;
	fds[nr++] = keeper->listener;
	fds[nr++] = keeper->ended;
	qsort(fds, nr, sizeof(*fds), compare_fds);
	for (size_t i = 0; i < nr; i++) {
		if (next < (unsigned int)fds[i])
			close_range(next, fds[i] - 1, 0);
		next = fds[i] + 1;
	}
	close_range(next, ~0U, 0);
	free(fds);
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

/* The connection is closed last: who waits for that then has the locks alone. */
static void __attribute__((noreturn)) stay(struct keeper *keeper)
{
	static const int of_group[] = { SIGINT, SIGQUIT, SIGTSTP, SIGTTOU };
	sigset_t none;
	int connection;
	char byte;

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
	close_others(keeper);
	if (chdir("/"))
		_exit(1);
	/* Else crdump was killed, and the tree goes on with its locks. */
	if (read(keeper->ended, &byte, 1) != 1) {
		unlinkat(keeper->dir, IMAGE_HOLD, 0);
		_exit(1);
	}
	do {
		connection = accept4(keeper->listener, NULL, NULL, SOCK_CLOEXEC);
		if (connection < 0 && errno != EINTR && errno != ECONNABORTED)
			_exit(1);
		if (connection >= 0 && hand_out(keeper, connection))
			break;
		close(connection);
	} while (true);
	unlinkat(keeper->dir, IMAGE_HOLD, 0);
	close_all(keeper);
	_exit(0);
}

/* All -------------------------------------------------------------------------------------------------- */

/* Returns: 0 or a negative errno value. */
static int start(struct keeper *keeper, pid_t *pid)
{
	int ends[2], ret = 0;

	keeper->listener = hold_listen(keeper->dir);
	if (keeper->listener < 0)
		return keeper->listener;
	if (pipe2(ends, O_CLOEXEC)) {
		ret = -errno;
	} else {
		keeper->ended = ends[0];
		tell_ended = ends[1];
		*pid = fork();
		if (!*pid)
			stay(keeper);
		ret = *pid < 0 ? -errno : 0;
		close(ends[0]);
	}
	if (ret)
		unlinkat(keeper->dir, IMAGE_HOLD, 0);
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
	if (pid)
		say_warning("%s: %d holds the locks until crrestore has them, or until it is killed",
			    directory->path, pid);
	return 0;
}

void keeper_tell(const struct image_directory *directory)
{
	if (tell_ended < 0)
		return;
	if (write(tell_ended, "", 1) != 1)
		say_warning("%s: who was to hold its locks was killed: others may have them",
			    directory->path);
	close(tell_ended);
	tell_ended = -1;
}
