// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long it takes to get every lock: from the module, with all holders, beside other ways. The ways take
 * turns in each round, so that what disturbs one disturbs all; medians are told, with the extremes.
 *
 *   bench many|one|ranges [ROUNDS [WAYS]]
 *
 * WAYS, of 5, are as many of the ways as are taken, the module's first.
 *
 *   many    25 processes with 100 flocks each; and two, four and eight times as many
 *   one     4,000 flocks in one process
 *   ranges  one file with 5,000 POSIX ranges, set through a description with 500 descriptors; and two,
 *           four and eight times as many of both
 *
 * What is measured is also appended to the file that CRLOCK_BENCH_DATA names, for plots: a line for each way, of
 * scene, number of locks, way, and median, least and most milliseconds, with tabs between.
 *
 * Needs the module, root, and RLIMIT_NOFILE to be raised.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <crlock.h>

#define ROUNDS_MAX 99
#define WAYS	   5

/* Ways ---------------------------------------------------------------------------------------------- */

/* What was seen, so that no way can be fast by seeing less. */
struct seen {
	unsigned long locks;
	unsigned long holders;
};

struct way {
	const char *name;
	struct seen (*get)(void);
	unsigned int rounds; /* of all, at most; 0: all */
	double seconds[ROUNDS_MAX];
	unsigned int nr;
	struct seen seen;
};

static struct crlock *crlock;
static char buffer[1 << 20];

static int count_lock(const struct crlock_lock *lock, const struct crlock_holder *holders, size_t nr_holders,
		      void *data)
{
	struct seen *seen = data;

	(void)lock;
	(void)holders;
	seen->locks++;
	seen->holders += nr_holders;
	return 0;
}

static struct seen get_kmod(void)
{
	struct seen seen = { 0 };
	int ret = crlock_each_lock(crlock, NULL, count_lock, &seen);

	if (ret)
		errx(1, "the module: %s: %s", strerror(-ret), crlock_error(crlock));
	return seen;
}

static unsigned long count_lines(const char *text, size_t size, const char *word)
{
	unsigned long nr = 0;
	const char *end = text + size;

	while ((text = memmem(text, end - text, word, strlen(word)))) {
		nr++;
		text += strlen(word);
	}
	return nr;
}

static unsigned long read_file(int dir, const char *name, const char *word)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	unsigned long nr = 0;
	ssize_t n;

	if (fd < 0)
		return 0;
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		nr += word ? count_lines(buffer, n, word) : 0;
	close(fd);
	return nr;
}

static struct seen get_proc_locks(void)
{
	struct seen seen = { .locks = read_file(AT_FDCWD, "/proc/locks", "\n") };

	return seen;
}

static unsigned long read_fdinfo(const char *pid)
{
	char path[64];
	struct dirent *entry;
	unsigned long nr = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%.20s/fdinfo", pid);
	dir = opendir(path);
	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		if (*entry->d_name != '.')
			nr += read_file(dirfd(dir), entry->d_name, "\nlock:");
	closedir(dir);
	return nr;
}

static struct seen get_fdinfo(void)
{
	struct seen seen = { 0 };
	struct dirent *entry;
	DIR *dir = opendir("/proc");

	while ((entry = readdir(dir)))
		if (*entry->d_name >= '1' && *entry->d_name <= '9')
			seen.holders += read_fdinfo(entry->d_name);
	closedir(dir);
	return seen;
}

static struct seen get_command(const char *const argv[])
{
	struct seen seen = { 0 };
	int output[2], status;
	ssize_t n;
	pid_t pid;

	if (pipe2(output, O_CLOEXEC))
		err(1, "pipe");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		dup2(output[1], STDOUT_FILENO);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	close(output[1]);
	while ((n = read(output[0], buffer, sizeof(buffer))) > 0)
		seen.locks += count_lines(buffer, n, "\n");
	close(output[0]);
	if (waitpid(pid, &status, 0) != pid || status)
		errx(1, "%s failed", argv[0]);
	return seen;
}

static struct seen get_lslocks(void)
{
	return get_command((const char *const[]){ "lslocks", "--noheadings", "--raw", NULL });
}

static struct seen get_crlock_ls(void)
{
	return get_command((const char *const[]){ "crlock", "ls", "--noheadings", "--raw", NULL });
}

/* Measuring ----------------------------------------------------------------------------------------- */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const struct way *way)
{
	return way->nr % 2 ? way->seconds[way->nr / 2]
			   : (way->seconds[way->nr / 2 - 1] + way->seconds[way->nr / 2]) / 2;
}

static void measure(struct way *ways, size_t nr, unsigned int rounds)
{
	for (unsigned int round = 0; round < rounds; round++) {
		for (struct way *way = ways; way < ways + nr; way++) {
			double start;

			if (way->rounds && round >= way->rounds)
				continue;
			start = now();
			way->seen = way->get();
			way->seconds[way->nr++] = now() - start;
		}
	}
	for (struct way *way = ways; way < ways + nr; way++)
		qsort(way->seconds, way->nr, sizeof(double), compare_doubles);
}

static void print(const struct way *ways, size_t nr)
{
	printf("  %-18s %11s %11s %11s %6s %9s %9s %9s\n", "way", "median ms", "min ms", "max ms", "rounds",
	       "locks", "holders", "ratio");
	for (const struct way *way = ways; way < ways + nr; way++)
		printf("  %-18s %11.2f %11.2f %11.2f %6u %9lu %9lu %9.1f\n", way->name, median(way) * 1e3,
		       way->seconds[0] * 1e3, way->seconds[way->nr - 1] * 1e3, way->nr, way->seen.locks,
		       way->seen.holders, median(way) / median(ways));
	fflush(stdout);
}

static void record(const char *scene, unsigned int locks, const struct way *ways, size_t nr)
{
	const char *name = getenv("CRLOCK_BENCH_DATA");
	FILE *file = name ? fopen(name, "ae") : NULL;

	if (!name)
		return;
	if (!file)
		err(1, "%s", name);
	for (const struct way *way = ways; way < ways + nr; way++)
		fprintf(file, "%s\t%u\t%s\t%.3f\t%.3f\t%.3f\n", scene, locks, way->name, median(way) * 1e3,
			way->seconds[0] * 1e3, way->seconds[way->nr - 1] * 1e3);
	if (fclose(file))
		err(1, "%s", name);
}

/* Scenes --------------------------------------------------------------------------------------------- */

static void raise_limit(rlim_t nr)
{
	struct rlimit limit = { nr, nr };

	if (setrlimit(RLIMIT_NOFILE, &limit))
		err(1, "RLIMIT_NOFILE %lu", (unsigned long)nr);
}

/* Starts a process that does what it is to, and stays. */
static pid_t start(void (*act)(unsigned int, unsigned int), unsigned int a, unsigned int b)
{
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC))
		err(1, "pipe");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		act(a, b);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		close(ready[0]);
		close(ready[1]);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		errx(1, "a process that was to take locks ended");
	close(ready[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void hold_flocks(unsigned int id, unsigned int nr)
{
	char name[64];

	for (unsigned int i = 0; i < nr; i++) {
		int fd;

		snprintf(name, sizeof(name), "flock-%u-%u", id, i);
		fd = open(name, O_RDWR | O_CREAT, 0600);
		if (fd < 0 || flock(fd, LOCK_EX))
			err(1, "%s", name);
	}
}

static void hold_ranges(unsigned int nr_ranges, unsigned int nr_descriptors)
{
	int fd = open("ranges", O_RDWR | O_CREAT, 0600);

	if (fd < 0)
		err(1, "ranges");
	/* From the last one on, for the kernel looks for the place from the first one on. */
	for (unsigned int i = nr_ranges; i--;) {
		struct flock lock = { .l_type = F_WRLCK, .l_start = 2 * i, .l_len = 1 };

		if (fcntl(fd, F_SETLK, &lock))
			err(1, "range %u", i);
	}
	for (unsigned int i = 1; i < nr_descriptors; i++)
		if (dup(fd) < 0)
			err(1, "dup");
}

static void run_flocks(unsigned int processes, unsigned int each, unsigned int rounds, unsigned int nr_ways)
{
	struct way ways[WAYS] = {
		{ .name = "libcrlock", .get = get_kmod },
		{ .name = "/proc/*/fdinfo/*", .get = get_fdinfo },
		{ .name = "/proc/locks", .get = get_proc_locks },
		{ .name = "crlock ls", .get = get_crlock_ls },
		{ .name = "lslocks", .get = get_lslocks },
	};
	pid_t *pids = calloc(processes, sizeof(*pids));

	for (unsigned int i = 0; i < processes; i++)
		pids[i] = start(hold_flocks, i, each);
	printf("%u processes with %u flocks each\n", processes, each);
	fflush(stdout);
	measure(ways, nr_ways, rounds);
	print(ways, nr_ways);
	record("flocks", processes * each, ways, nr_ways);
	for (unsigned int i = 0; i < processes; i++)
		end(pids[i]);
	free(pids);
}

static void run_ranges(unsigned int rounds, unsigned int nr_ways)
{
	for (unsigned int times = 1; times <= 8; times *= 2) {
		unsigned int ranges = 5000 * times, descriptors = 500 * times;
		struct way ways[] = {
			{ .name = "libcrlock", .get = get_kmod },
			{ .name = "/proc/*/fdinfo/*", .get = get_fdinfo, .rounds = 1 },
		};
		/* Each doubling takes the other way four times as long. */
		size_t nr = times <= 2 && nr_ways >= 2 ? 2 : 1;
		pid_t pid = start(hold_ranges, ranges, descriptors);

		printf("%ux: %u ranges of one file, %u descriptors\n", times, ranges, descriptors);
		measure(ways, nr, rounds);
		print(ways, nr);
		record("ranges", ranges, ways, nr);
		printf("  libcrlock: %.3f microseconds for each lock or descriptor\n",
		       median(ways) * 1e6 / (ranges + descriptors));
		fflush(stdout);
		end(pid);
	}
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc > 2 ? atoi(argv[2]) : 5;
	unsigned int ways = argc > 3 ? atoi(argv[3]) : WAYS;
	char directory[] = "/tmp/crlock-bench.XXXXXX";
	int ret;

	if (argc < 2 || argc > 4 || rounds < 1 || rounds > ROUNDS_MAX || ways < 1 || ways > WAYS)
		errx(2, "usage: bench many|one|ranges [ROUNDS [WAYS]]");
	ret = crlock_open(&crlock);
	if (ret)
		errx(1, "the module: %s", strerror(-ret));
	raise_limit(16384);
	if (!mkdtemp(directory) || chdir(directory))
		err(1, "%s", directory);
	if (!strcmp(argv[1], "many"))
		for (unsigned int processes = 25; processes <= 200; processes *= 2)
			run_flocks(processes, 100, rounds, ways);
	else if (!strcmp(argv[1], "one"))
		run_flocks(1, 4000, rounds, ways);
	else if (!strcmp(argv[1], "ranges"))
		run_ranges(rounds, ways);
	else
		errx(2, "%s: no such scene", argv[1]);
	crlock_close(crlock);
	return 0;
}
