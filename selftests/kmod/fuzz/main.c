// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Asks the family what makes sense and what does not. See usage().
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../raw.h"
#include "fuzz.h"
#include "rng.h"

/* Of failures; more of them say the same. */
#define TOLD_MAX 20

static void usage(FILE *to)
{
	fputs("usage: fuzz [OPTION]... STOPPED-PID [PID]...\n"
	      "\n"
	      "Sends requests of the family crlock about processes, and says at the end how many of which kind. Fails if\n"
	      "one is refused without a reason, is wrong and accepted, is not answered, or if what is told of STOPPED-PID\n"
	      "at the end is not what it was at the beginning.\n"
	      "\n"
	      "  -s SEED    the same seed makes the same requests; default: a random one\n"
	      "  -n NUMBER  of requests; default: 10000\n"
	      "  -j NUMBER  of processes that ask, 64 at most; default: 2\n"
	      "  -c         as a crowd: only dumps, and all of them under way at once\n"
	      "  -g CGROUP  processes that ask go there, and may be killed for want of memory\n"
	      "  -k         say how many places of the module's code were reached, as kcov has them\n"
	      "  -f         their allocations fail, as /sys/kernel/debug/failslab says\n",
	      to);
}

static uint64_t random_seed(void)
{
	uint64_t seed;

	return getentropy(&seed, sizeof(seed)) ? getpid() : seed >> 32;
}

void fuzz_fail(struct fuzz *fuzz, const struct fuzz_request *request, const char *format, ...)
{
	char text[256];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	if (fuzz->failures++ >= TOLD_MAX)
		return;
	fprintf(stderr, "fuzz: a request of the kind %s, from %s: %s:", kind_names[request->kind],
		request->spec->name, text);
	for (size_t i = 0; i < request->len && i < 128; i++)
		fprintf(stderr, "%s%02x", i % 4 ? "" : " ", (unsigned char)request->bytes[i]);
	fputs("\n", stderr);
}

/* What is told at the beginning and at the end ------------------------------------------------------------ */

static uint64_t hash_of(uint64_t hash, const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3ULL;
	return hash;
}

static bool add_messages(struct sample *sample, const void *buffer, int rest)
{
	const struct nlmsghdr *nlh = buffer;
	struct raw_answer answer = { 0 };

	for (; mnl_nlmsg_ok(nlh, rest); nlh = mnl_nlmsg_next(nlh, &rest)) {
		if (raw_read(&answer, nlh)) {
			sample->error = answer.error;
			return true;
		}
		sample->len += mnl_nlmsg_get_payload_len(nlh);
		sample->hash =
			hash_of(sample->hash, mnl_nlmsg_get_payload(nlh), mnl_nlmsg_get_payload_len(nlh));
	}
	return false;
}

bool sample_take(struct sample *sample, const struct spec_request *spec, uint32_t pid)
{
	static char buffer[1 << 18] __attribute__((aligned(8)));
	struct raw_request request;
	struct raw raw;
	int size = -1;

	*sample = (struct sample){ 0 };
	if (!raw_open(&raw))
		return false;
	raw_begin(&request, &raw, spec->command, spec->dump);
	if (spec->nr_attrs)
		mnl_attr_put_u32(&request.nlh, spec_attrs[spec->attrs[0]].number, pid);
	if (mnl_socket_sendto(raw.socket, &request, request.nlh.nlmsg_len) > 0) {
		do
			size = mnl_socket_recvfrom(raw.socket, buffer, sizeof(buffer));
		while (size >= 0 && !add_messages(sample, buffer, size));
	}
	raw_close(&raw);
	return size >= 0;
}

static void take_samples(struct sample *samples, uint32_t pid)
{
	for (size_t i = 0; i < spec_nr_requests; i++)
		if (!sample_take(&samples[i], &spec_requests[i], pid) || samples[i].error)
			errx(1, "%s: no answer: %s", spec_requests[i].name, strerror(-samples[i].error));
}

static void compare_samples(struct fuzz *fuzz, const struct sample *before, const struct sample *after)
{
	for (size_t i = 0; i < spec_nr_requests; i++) {
		if (before[i].len == after[i].len && before[i].hash == after[i].hash)
			continue;
		warnx("%s: the answer at the end is not that of the beginning", spec_requests[i].name);
		fuzz->failures++;
	}
}

/*
 * As long as someone listens nobody who begins or ends to has the kernel's text patched, which emulated CPUs do not
 * bear all the time (see vm/init.c). No event is of the process that it asks for.
 */
static void listen_to(struct raw *raw, uint32_t pid)
{
	struct raw_request request;
	struct raw_answer answer;

	if (!raw_open(raw))
		errx(1, "the family is not there");
	raw_begin(&request, raw, CRLOCK_CMD_MONITOR, false);
	mnl_attr_put_u32(&request.nlh, CRLOCK_A_TGID, pid);
	if (!raw_ask(raw, &request, &answer) || answer.error)
		errx(1, "events: %s", answer.text);
}

/* Workers ------------------------------------------------------------------------------------------------- */

static bool write_line(const char *directory, const char *name, const char *line)
{
	char path[512];
	int fd;
	bool written;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	written = fd >= 0 && write(fd, line, strlen(line)) == (ssize_t)strlen(line);
	close(fd);
	return written;
}

/* Who comes later does not wait. */
static void await_others(const struct fuzz *fuzz)
{
	char byte;

	close(fuzz->gate[1]);
	if (read(fuzz->gate[0], &byte, 1))
		err(1, "a pipe");
}

static void start_worker(struct fuzz *fuzz, struct progress *progress)
{
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (pid) {
		progress->pid = pid;
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (fuzz->cgroup && !write_line(fuzz->cgroup, "cgroup.procs", "0"))
		err(1, "%s", fuzz->cgroup);
	if (fuzz->fail && !write_line("/proc/self", "make-it-fail", "1"))
		err(1, "make-it-fail");
	await_others(fuzz);
	fuzz_work(fuzz, progress);
	_exit(0);
}

static struct progress *progress_of(struct fuzz *fuzz, pid_t pid)
{
	for (unsigned int i = 0; i < fuzz->nr_workers; i++)
		if (fuzz->progress[i].pid == pid)
			return &fuzz->progress[i];
	return NULL;
}

/* Who was killed for want of memory is replaced, and the request that it was at left out. */
static void await_workers(struct fuzz *fuzz)
{
	struct progress *progress;
	int status;
	pid_t pid;

	while ((pid = wait(&status)) > 0) {
		progress = progress_of(fuzz, pid);
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && fuzz->scarce) {
			fuzz->killed++;
			rng_next(&progress->rng);
			progress->left -= progress->left > 0;
			start_worker(fuzz, progress);
		} else if (status) {
			warnx("who asks ended with status %#x", status);
			fuzz->failures++;
		}
	}
}

static void run(struct fuzz *fuzz)
{
	pthread_barrierattr_t attr;
	uint64_t seed = fuzz->seed;

	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&fuzz->barrier, &attr, fuzz->nr_workers);
	if (pipe2(fuzz->gate, O_CLOEXEC))
		err(1, "a pipe");
	for (unsigned int i = 0; i < fuzz->nr_workers; i++) {
		fuzz->progress[i].rng = rng_next(&seed);
		fuzz->progress[i].left =
			fuzz->requests / fuzz->nr_workers + (i < fuzz->requests % fuzz->nr_workers);
		start_worker(fuzz, &fuzz->progress[i]);
	}
	close(fuzz->gate[1]);
	await_workers(fuzz);
}

/* ---------------------------------------------------------------------------------------------------------- */

static void tell(struct fuzz *fuzz)
{
	unsigned long all = 0;

	for (int i = 0; i < NR_KINDS; i++)
		all += fuzz->of_kind[i];
	printf("%lu requests:", all);
	for (int i = 0; i < NR_KINDS; i++)
		printf(" %lu %s,", (unsigned long)fuzz->of_kind[i], kind_names[i]);
	printf(" %lu not heard; %lu refused, %lu of them by netlink without a reason;"
	       " %lu dumps interrupted, %lu closed; %lu times no memory, %lu of them with a reason, %lu killed; %lu failures\n",
	       (unsigned long)fuzz->unheard, (unsigned long)fuzz->refused, (unsigned long)fuzz->of_netlink,
	       (unsigned long)fuzz->interrupted, (unsigned long)fuzz->closed, (unsigned long)fuzz->scarcities,
	       (unsigned long)fuzz->explained, (unsigned long)fuzz->killed, (unsigned long)fuzz->failures);
	if (fuzz->watch)
		printf("%lu places reached\n", coverage_count(&fuzz->coverage));
}

static void read_options(struct fuzz *fuzz, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "s:n:j:cg:kfh")) != -1) {
		switch (option) {
		case 's':
			fuzz->seed = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			fuzz->requests = strtoul(optarg, NULL, 0);
			break;
		case 'j':
			fuzz->nr_workers = strtoul(optarg, NULL, 0);
			break;
		case 'c':
			fuzz->crowd = true;
			break;
		case 'g':
			fuzz->cgroup = optarg;
			fuzz->scarce = true;
			break;
		case 'k':
			fuzz->watch = true;
			break;
		case 'f':
			fuzz->fail = true;
			fuzz->scarce = true;
			break;
		default:
			usage(option == 'h' ? stdout : stderr);
			exit(option == 'h' ? 0 : 2);
		}
	}
	for (; optind < argc && fuzz->subjects.nr < PIDS_MAX; optind++)
		fuzz->subjects.pids[fuzz->subjects.nr++] = strtoul(argv[optind], NULL, 10);
	if (!fuzz->subjects.nr || !fuzz->nr_workers || fuzz->nr_workers > WORKERS_MAX) {
		usage(stderr);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct fuzz *fuzz =
		mmap(NULL, sizeof(*fuzz), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct sample *before, *after;
	struct raw listener;

	before = calloc(spec_nr_requests, sizeof(*before));
	after = calloc(spec_nr_requests, sizeof(*after));
	if (fuzz == MAP_FAILED || !before || !after)
		err(1, "memory");
	fuzz->seed = random_seed();
	fuzz->requests = 10000;
	fuzz->nr_workers = 2;
	read_options(fuzz, argc, argv);
	printf("seed %llu\n", (unsigned long long)fuzz->seed);
	fflush(stdout);
	listen_to(&listener, fuzz->subjects.pids[0]);
	take_samples(before, fuzz->subjects.pids[0]);
	run(fuzz);
	take_samples(after, fuzz->subjects.pids[0]);
	compare_samples(fuzz, before, after);
	raw_close(&listener);
	tell(fuzz);
	return fuzz->failures ? 1 : 0;
}
