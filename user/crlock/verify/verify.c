// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * crlock verify - compares what /proc says of locks with what the module does.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crlock/colour.h"
#include "crlock/command.h"
#include "crlock/options.h"
#include "crlock/say.h"
#include "crlock/verify/verify.h"
#include "procfs/file.h"

/*
 * A line that comes and goes is there in one reading and not in those of the module around it with a
 * chance of one in four at most: with one in four thousand millions, in each of sixteen.
 */
#define ROUNDS 16

/* Options ------------------------------------------------------------------------------------------ */

static const struct option long_options[] = {
	{ "pid", required_argument, NULL, 'p' },   { "file", required_argument, NULL, 'f' },
	{ "watch", required_argument, NULL, 'w' }, { "rounds", required_argument, NULL, 'R' },
	{ "proc", required_argument, NULL, 'P' },  { "verbose", no_argument, NULL, 'v' },
	{ "list", no_argument, NULL, 'l' },	   { "json", no_argument, NULL, 'J' },
	{ "color", optional_argument, NULL, 'C' }, { "no-load", no_argument, NULL, 'N' },
	{ "help", no_argument, NULL, 'h' },	   { 0 },
};

static int print_help(void)
{
	printf("usage: crlock verify [OPTION...]\n\n"
	       "Compares what /proc/locks and fdinfo say of locks with what the module does.\n\n"
	       "  -p, --pid PID[,...]  only locks and descriptors of these processes\n"
	       "  -f, --file PATH      only locks of this file\n"
	       "  -w, --watch SECONDS  compare until so long is over\n"
	       "      --rounds N       a difference counts if it stays in N readings; default %d\n"
	       "      --proc DIR       in place of /proc, a copy of its locks and */fdinfo/*\n"
	       "  -v, --verbose        name all that the format cannot tell, too\n"
	       "  -l, --list           explain all rules, each with an example\n"
	       "  -J, --json           JSON\n"
	       "      --color[=WHEN]   " COLOUR_WHEN "\n"
	       "      --no-load        do not load the module if it is not loaded\n"
	       "  -h, --help\n\n"
	       "Exit status: 0: no line is wrong; 1: some are; 2: it could not compare, or bad\n"
	       "usage.\n"
	       "See crlock-verify(8).\n",
	       ROUNDS);
	return say_written();
}

static int take_number(unsigned int *number, const char *text, uint64_t max, const char *what)
{
	uint64_t value;

	if (!proc_text_unsigned(proc_text(text, strlen(text)), 10, max, &value) || !value)
		return say_usage("%s: not a number of %s", text, what);
	*number = value;
	return STATUS_OK;
}

static int take_root(struct verify_options *options, const char *path)
{
	if (options->root)
		return say_usage("%s: one directory at a time", path);
	options->root = path;
	return STATUS_OK;
}

static int take_option(void *data, int option)
{
	struct verify_options *options = data;

	switch (option) {
	case 'p':
	case 'f':
	case 'N':
		return query_take_option(&options->query, option);
	case 'w':
		return take_number(&options->seconds, optarg, 366UL * 86400, "seconds");
	case 'R':
		return take_number(&options->rounds, optarg, 1000, "readings");
	case 'P':
		return take_root(options, optarg);
	case 'v':
		options->verbose = true;
		return STATUS_OK;
	case 'l':
		options->list = true;
		return STATUS_OK;
	case 'J':
		options->json = true;
		return STATUS_OK;
	case 'C':
		return colour_take(optarg);
	case 'h':
		options->help = true;
		return STATUS_OK;
	default:
		return STATUS_USAGE;
	}
}

/* What is wanted --------------------------------------------------------------------------------------- */

struct wanted {
	const struct query *query;
	struct lock_query of_file; /* of the file alone: the processes are looked at here */
	struct lock_list locks; /* of the file */
};

static bool concerns_process(const struct finding *finding, const struct lock_query *query)
{
	bool named = lock_query_names(query, finding->tgid) || lock_query_names(query, finding->pid);

	for (size_t i = 0; finding->has_lock && !named && i < finding->lock.nr_holders; i++)
		named = lock_query_names(query, finding->lock.holders[i].row.tgid);
	return named;
}

static bool is_file(const struct finding *finding, uint32_t dev_major, uint32_t dev_minor, uint64_t ino)
{
	const struct crlock_lock *row = &finding->lock.row;

	if (finding->has_lock && row->dev_major == dev_major && row->dev_minor == dev_minor &&
	    row->ino == ino)
		return true;
	return finding->has_inode && finding->ino == ino &&
	       ((!finding->dev_major && !finding->dev_minor) ||
		(finding->dev_major == dev_major && finding->dev_minor == dev_minor));
}

static bool concerns_file(const struct finding *finding, const struct wanted *wanted)
{
	const struct crlock_filter *filter = &wanted->of_file.filter;

	if (filter->by_inode && is_file(finding, filter->dev_major, filter->dev_minor, filter->ino))
		return true;
	for (size_t i = 0; i < wanted->locks.nr; i++) {
		const struct crlock_lock *row = &wanted->locks.locks[i].row;

		if (is_file(finding, row->dev_major, row->dev_minor, row->ino))
			return true;
	}
	return false;
}

static bool is_wanted(const struct finding *finding, const void *data)
{
	const struct wanted *wanted = data;
	const struct query *query = wanted->query;

	return (!query->query.filter.nr_tgids || concerns_process(finding, &query->query)) &&
	       (!query->file || concerns_file(finding, wanted));
}

static int read_file(struct wanted *wanted)
{
	const char *path = wanted->query->file;
	struct lock_report report;
	int err = lock_query_file(&wanted->of_file, path);

	if (err) {
		say("%s: %s", path, strerror(-err));
		return VERIFY_CANNOT;
	}
	if (lock_list_read(&wanted->locks, &wanted->of_file, LOCK_FROM_KMOD, &report)) {
		say("%s", report.error);
		return VERIFY_CANNOT;
	}
	return STATUS_OK;
}

static void count_limits(struct verify_result *result)
{
	if (result->limits.left_out)
		return;
	memset(result->counts, 0, sizeof(result->counts));
	for (size_t i = 0; i < result->limits.nr; i++)
		result->counts[result->limits.findings[i].rule]++;
}

static int filter(struct verify_result *result, const struct verify_options *options)
{
	const struct query *query = &options->query;
	struct wanted wanted = { .query = query };
	int status = query->file ? read_file(&wanted) : STATUS_OK;

	if (!status && (query->file || query->query.filter.nr_tgids)) {
		findings_drop(&result->differences, is_wanted, &wanted);
		findings_drop(&result->limits, is_wanted, &wanted);
		count_limits(result);
	}
	lock_list_free(&wanted.locks);
	return status;
}

/* Command ---------------------------------------------------------------------------------------------- */

static volatile sig_atomic_t ended;

static void end(int signum)
{
	(void)signum;
	ended = 1;
}

/* What was found until then is told. */
static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = end, .sa_flags = SA_RESTART };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static bool is_over(const struct timespec *start, unsigned int seconds)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return ended || now.tv_sec - start->tv_sec > seconds ||
	       (now.tv_sec - start->tv_sec == seconds && now.tv_nsec >= start->tv_nsec);
}

static int check(struct verify_result *result, const struct verify_options *options)
{
	char error[LOCK_TEXT_MAX] = "";
	struct timespec start;
	int status;

	clock_gettime(CLOCK_MONOTONIC, &start);
	if (options->seconds)
		catch_signals();
	do {
		if (verify_check(result, options, error)) {
			say("%s", error);
			return VERIFY_CANNOT;
		}
		/* Files and processes are not what they were for ever. */
		status = filter(result, options);
	} while (!status && options->seconds && !is_over(&start, options->seconds));
	return status;
}

static int verify(const struct verify_options *options)
{
	struct verify_result result = { 0 };
	int status;

	if (!proc_is_ours()) {
		say(PROC_IS_FOREIGN);
		return VERIFY_CANNOT;
	}
	status = check(&result, options);
	if (!status) {
		if (*result.lacking)
			say_warning("%s", result.lacking);
		status = result.differences.nr || result.differences.left_out ? VERIFY_DIFFERENT : STATUS_OK;
		if (verify_print(&result, options)) {
			say("%s", strerror(ENOMEM));
			status = VERIFY_CANNOT;
		}
		if (say_written())
			status = VERIFY_CANNOT;
	}
	verify_result_free(&result);
	return status;
}

static int list_rules(const struct verify_options *options)
{
	int err = verify_print_rules(options->json);

	if (err)
		say("%s", strerror(-err));
	return err || say_written() ? VERIFY_CANNOT : STATUS_OK;
}

int run_verify(int argc, char **argv)
{
	struct verify_options options = { .rounds = ROUNDS };
	int status = options_each(argc, argv, ":p:f:w:vlJh", long_options, take_option, &options)
			     ? VERIFY_CANNOT
			     : STATUS_OK;

	if (!status && options.help)
		status = print_help();
	else if (!status && options.list)
		status = list_rules(&options);
	else if (!status)
		status = verify(&options);
	query_free(&options.query);
	return status;
}
