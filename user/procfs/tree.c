// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "procfs/process.h"
#include "procfs/tree.h"

void proc_pids_free(struct proc_pids *pids)
{
	free(pids->pids);
	*pids = (struct proc_pids){ 0 };
}

static int append(struct proc_pids *pids, pid_t pid)
{
	/* Doubled whenever the number is a power of two. */
	if (!(pids->nr & (pids->nr - 1))) {
		size_t room = pids->nr ? 2 * pids->nr : 1;
		pid_t *p = reallocarray(pids->pids, room, sizeof(*p));

		if (!p)
			return -ENOMEM;
		pids->pids = p;
	}
	pids->pids[pids->nr++] = pid;
	return 0;
}

static int append_numbers(struct proc_pids *pids, int dir, const char *name)
{
	struct proc_numbers *numbers;
	int err = proc_numbers_open(&numbers, dir, name), number;

	if (err)
		return err;
	while (!err && (err = proc_numbers_next(numbers, &number)) > 0)
		err = append(pids, number);
	proc_numbers_close(numbers);
	return err;
}

int proc_pids_all(struct proc_pids *pids)
{
	return append_numbers(pids, AT_FDCWD, "/proc");
}

int proc_pids_threads(struct proc_pids *pids, int dir)
{
	return append_numbers(pids, dir, "task");
}

struct child {
	pid_t parent;
	pid_t pid;
};

static int compare_children(const void *a, const void *b)
{
	const struct child *x = a, *y = b;

	if (x->parent != y->parent)
		return x->parent < y->parent ? -1 : 1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

/* Reads each process's parent; those that are gone meanwhile are left out. Returns: 0 or a negative errno value. */
static int read_parents(const struct proc_pids *all, struct child *children, size_t *nr)
{
	struct proc_stat stat;

	*nr = 0;
	for (size_t i = 0; i < all->nr; i++) {
		int err = proc_stat_of(all->pids[i], &stat);

		if (!err)
			children[(*nr)++] = (struct child){ stat.ppid, stat.pid };
		if (proc_failed(err))
			return err;
	}
	qsort(children, *nr, sizeof(*children), compare_children);
	return 0;
}

static size_t first_child(const struct child *children, size_t nr, pid_t parent)
{
	size_t low = 0;

	while (low < nr) {
		size_t middle = low + (nr - low) / 2;

		if (children[middle].parent < parent)
			low = middle + 1;
		else
			nr = middle;
	}
	return low;
}

static bool is_listed(const struct child *children, size_t nr, pid_t pid)
{
	for (size_t i = 0; i < nr; i++) {
		if (children[i].pid == pid)
			return true;
	}
	return false;
}

/* Appends whose parent is in the list, from the one at an index on. */
static int append_descendants(struct proc_pids *pids, size_t from, const struct child *children, size_t nr)
{
	/* Reading was not in one moment: a circle would need ids used again, and must end too. */
	size_t limit = from + nr;
	int err = 0;

	for (size_t i = from; !err && i < pids->nr; i++) {
		size_t at = first_child(children, nr, pids->pids[i]);

		for (; !err && at < nr && children[at].parent == pids->pids[i]; at++)
			err = pids->nr < limit ? append(pids, children[at].pid) : -ELOOP;
	}
	return err;
}

int proc_pids_tree(struct proc_pids *pids, pid_t root)
{
	struct proc_pids all = { 0 };
	struct child *children;
	size_t nr, from = pids->nr;
	int err = proc_pids_all(&all);

	children = err ? NULL : calloc(all.nr + 1, sizeof(*children));
	if (!err && !children)
		err = -ENOMEM;
	if (!err) {
		err = read_parents(&all, children, &nr);
		err = err ?: is_listed(children, nr, root) ? append(pids, root) : -ESRCH;
		err = err ?: append_descendants(pids, from, children, nr);
	}
	free(children);
	proc_pids_free(&all);
	return err;
}
