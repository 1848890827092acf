// SPDX-License-Identifier: GPL-2.0-or-later
#include <err.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "truth.h"

#define LOCKS_MAX 128
#define LIST_MAX  512
#define NAME_LEN  512

struct lock {
	const char *kind, *held, *pending;
	long long start, end;
	pid_t setter;
	char holders[LIST_MAX], waiters[LIST_MAX], path[NAME_LEN];
	bool outside;
};

static struct lock locks[LOCKS_MAX];
static size_t nr;
static pid_t other;
static char reader[NAME_LEN];
static bool dumped = true;
static const char *elsewhere = "", *copier = "";

void lock_is(const char *kind, const char *held, long long start, long long end)
{
	if (nr == LOCKS_MAX)
		errx(1, "more locks than can be told of");
	locks[nr++] = (struct lock){
		.kind = kind,
		.held = held,
		.pending = "",
		.start = start,
		.end = end,
		.setter = getpid(),
	};
}

void set_by(pid_t pid)
{
	locks[nr - 1].setter = pid;
}

void becomes(const char *pending)
{
	locks[nr - 1].pending = pending;
}

static void __attribute__((format(printf, 2, 3))) add(char *list, const char *format, ...)
{
	size_t len = strlen(list);
	va_list args;

	va_start(args, format);
	if (len)
		len += snprintf(list + len, LIST_MAX - len, ", ");
	if (len >= LIST_MAX || len + vsnprintf(list + len, LIST_MAX - len, format, args) >= LIST_MAX)
		errx(1, "more holders than can be told of");
	va_end(args);
}

void held_by(pid_t pid, int fd)
{
	add(locks[nr - 1].holders, "\"%d:%d\"", pid, fd);
}

void held_by_mapping(pid_t pid)
{
	add(locks[nr - 1].holders, "\"%d:mapping\"", pid);
}

void held_in_flight(void)
{
	add(locks[nr - 1].holders, "\"in flight\"");
}

void waited_for(pid_t pid, const char *type)
{
	add(locks[nr - 1].waiters, "\"%d %s\"", pid, type);
}

void named(int fd)
{
	char *path = locks[nr - 1].path, name[32];
	ssize_t len;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	len = readlink(name, path, NAME_LEN - 1);
	if (len < 0)
		err(1, "%s", name);
	path[len] = '\0';
}

void not_of_tree(void)
{
	locks[nr - 1].outside = true;
}

void about(const char *path)
{
	elsewhere = path;
}

void ends_too(pid_t pid)
{
	other = pid;
}

void not_dumped(void)
{
	dumped = false;
}

void seen_by(const char *format, ...)
{
	va_list args;

	not_dumped();
	va_start(args, format);
	vsnprintf(reader, sizeof(reader), format, args);
	va_end(args);
}

void read_by(const char *command)
{
	not_dumped();
	copier = command;
}

void tell_truth(void)
{
	FILE *file = fopen("truth.new", "w");

	if (!file)
		err(1, "truth");
	fprintf(file, "{\"pid\": %d, \"other\": %d, \"dumped\": %s, ", getpid(), other,
		dumped ? "true" : "false");
	fprintf(file, "\"reader\": \"%s\", \"about\": \"%s\", ", reader, elsewhere);
	fprintf(file, "\"copier\": \"%s\", \"locks\": [", copier);
	for (size_t i = 0; i < nr; i++) {
		const struct lock *lock = &locks[i];

		fprintf(file,
			"%s\n{\"kind\": \"%s\", \"held\": \"%s\", \"pending\": \"%s\", \"start\": %lld, ",
			i ? "," : "", lock->kind, lock->held, lock->pending, lock->start);
		fprintf(file, lock->end == TO_EOF ? "\"end\": \"EOF\", " : "\"end\": %lld, ", lock->end);
		fprintf(file, "\"path\": \"%s\", ", lock->path);
		fprintf(file, "\"outside\": %s, ", lock->outside ? "true" : "false");
		fprintf(file, "\"setter\": %d, \"holders\": [%s], \"waiters\": [%s]}", lock->setter,
			lock->holders, lock->waiters);
	}
	fputs("]}\n", file);
	if (fclose(file) || rename("truth.new", "truth"))
		err(1, "truth");
}
