// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/kcmp.h>
#include <search.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dump/files/share.h"
#include "locks/module.h"

struct share {
	struct crlock_file *rows; /* sorted */
	size_t nr_rows;
	void *by_id; /* struct dump_file, by the module's id */
	void *by_kcmp; /* struct dump_file, by kcmp(2); of those whose id was not known at first */
	void *by_kcmp_too; /* of the others, once that is needed */
	struct dump_file **known; /* those of by_id */
	size_t nr_known, nr_compared;
};

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* The module --------------------------------------------------------------------------------------- */

static int compare_rows(const void *x, const void *y)
{
	const struct crlock_file *a = x, *b = y;

	return compare_numbers(a->tgid, b->tgid) ?: compare_numbers(a->fd, b->fd);
}

static int keep_row(const struct crlock_file *row, void *data)
{
	struct share *share = data;
	struct crlock_file *rows;

	/* A thread's own table is not looked at here. */
	if (row->tid && row->tid != row->tgid)
		return 0;
	rows = files_grow(share->rows, share->nr_rows, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	share->rows = rows;
	rows[share->nr_rows++] = *row;
	return 0;
}

static int ask_module(struct share *share, const struct trace_tree *tree)
{
	pid_t *tgids = calloc(tree->nr, sizeof(*tgids));
	struct crlock *crlock;
	size_t nr = 0;
	int ret = tgids ? module_open(&crlock) : -ENOMEM;

	if (ret) {
		free(tgids);
		return ret;
	}
	for (size_t i = 0; i < tree->nr; i++) {
		if (!tree->processes[i].zombie)
			tgids[nr++] = tree->processes[i].pid;
	}
	ret = nr ? crlock_each_file(crlock, tgids, nr, keep_row, share) : 0;
	crlock_close(crlock);
	free(tgids);
	if (!ret && share->nr_rows)
		qsort(share->rows, share->nr_rows, sizeof(*share->rows), compare_rows);
	if (ret)
		share->nr_rows = 0;
	return ret;
}

const struct crlock_file *share_row(const struct share *share, pid_t pid, int fd)
{
	const struct crlock_file key = { .tgid = pid, .fd = fd };

	return share->nr_rows ? bsearch(&key, share->rows, share->nr_rows, sizeof(key), compare_rows) : NULL;
}

/* Files -------------------------------------------------------------------------------------------- */

static int compare_ids(const void *x, const void *y)
{
	const struct dump_file *a = x, *b = y;

	return compare_numbers(a->module_id, b->module_id);
}

/* Of kcmp(2), which tree searches have no way to tell; from then on what was found is not to be relied on. */
static int compare_error;

static int compare_files(const void *x, const void *y)
{
	const struct dump_file *a = x, *b = y;
	int order = compare_numbers(a->stat.dev, b->stat.dev) ?: compare_numbers(a->stat.ino, b->stat.ino);

	if (order)
		return order;
	if (a->source.pid == b->source.pid && a->source.fd == b->source.fd)
		return 0;
	order = syscall(SYS_kcmp, a->source.pid, b->source.pid, KCMP_FILE, a->source.fd, b->source.fd);
	if (order >= 0 && order <= 2)
		return order == 2 ? 1 : -order;
	/* What has no descriptor there is another. */
	if (order < 0 && errno != EBADF)
		compare_error = -errno;
	return compare_numbers(a->source.pid, b->source.pid) ?: compare_numbers(a->source.fd, b->source.fd);
}

struct dump_file *share_find_id(const struct share *share, uint64_t id)
{
	const struct dump_file key = { .module_id = id };
	struct dump_file **node = tfind(&key, &share->by_id, compare_ids);

	return node ? *node : NULL;
}

/* One that the module does not know (it is in flight) may be the same as one that it knows. */
static bool compare_known(struct share *share)
{
	while (share->nr_compared < share->nr_known) {
		if (!tsearch(share->known[share->nr_compared], &share->by_kcmp_too, compare_files))
			return false;
		share->nr_compared++;
	}
	return true;
}

static int add_known(struct share *share, struct dump_file *file)
{
	struct dump_file **known = files_grow(share->known, share->nr_known, sizeof(*known));

	if (!known)
		return -ENOMEM;
	share->known = known;
	known[share->nr_known++] = file;
	return tsearch(file, &share->by_id, compare_ids) ? 0 : -ENOMEM;
}

/* One that came in flight, before the module's id was known. */
static struct dump_file *adopt(struct share *share, const struct dump_file *file)
{
	struct dump_file **node = tfind(file, &share->by_kcmp, compare_files);

	if (!node)
		return NULL;
	(*node)->module_id = file->module_id;
	return tsearch(*node, &share->by_id, compare_ids) ? *node : NULL;
}

struct dump_file *share_find(struct share *share, const struct dump_file *file)
{
	struct dump_file **node;

	if (file->module_id)
		return share_find_id(share, file->module_id) ?: adopt(share, file);
	node = tfind(file, &share->by_kcmp, compare_files);
	if (!node && compare_known(share))
		node = tfind(file, &share->by_kcmp_too, compare_files);
	return node ? *node : NULL;
}

int share_add(struct share *share, struct dump_file *file)
{
	if (file->module_id)
		return compare_error ? compare_error : add_known(share, file);
	if (!tsearch(file, &share->by_kcmp, compare_files))
		return -ENOMEM;
	return compare_error;
}

int share_new(struct share **out, const struct trace_tree *tree, bool use_module)
{
	struct share *share = calloc(1, sizeof(*share));
	int ret;

	if (!share)
		return -ENOMEM;
	ret = use_module ? ask_module(share, tree) : 0;
	if (ret == -ENOMEM) {
		share_free(share);
		return ret;
	}
	*out = share;
	return 0;
}

static void keep(void *file)
{
	(void)file;
}

void share_free(struct share *share)
{
	if (!share)
		return;
	tdestroy(share->by_id, keep);
	tdestroy(share->by_kcmp, keep);
	tdestroy(share->by_kcmp_too, keep);
	free(share->known);
	free(share->rows);
	free(share);
}
