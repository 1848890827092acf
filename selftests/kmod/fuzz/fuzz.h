/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FUZZ_H
#define FUZZ_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "coverage.h"
#include "request.h"

#define WORKERS_MAX 64

/* How far a worker has come: another that takes its place goes on from there. */
struct progress {
	uint64_t rng;
	unsigned long left; /* requests */
	pid_t pid;
};

/* What is said at the end; and all that workers share. */
struct fuzz {
	/* As it was asked for. */
	uint64_t seed;
	unsigned long requests;
	unsigned int nr_workers;
	bool crowd; /* only dumps, and all workers at once */
	bool scarce; /* memory may be refused, and workers may be killed for it */
	const char *cgroup; /* that workers go to; NULL: none */
	bool fail; /* workers want allocations to fail */
	bool watch; /* which code of the module is run for workers */
	struct subjects subjects;

	int gate[2]; /* a pipe, which is closed when all workers are there */
	struct progress progress[WORKERS_MAX];
	pthread_barrier_t barrier; /* of a crowd, once each has a dump under way */
	atomic_ulong of_kind[NR_KINDS];
	atomic_ulong refused; /* of those, and with a reason if it is not netlink that refuses */
	atomic_ulong of_netlink; /* refused by it */
	atomic_ulong unheard;
	atomic_ulong interrupted; /* dumps during which more was asked for */
	atomic_ulong closed; /* sockets with a dump under way */
	atomic_ulong scarcities; /* refusals and losses for want of memory */
	atomic_ulong explained; /* refusals of those that had a text */
	atomic_ulong killed; /* workers */
	atomic_ulong failures;
	struct coverage coverage;
};

/** fuzz_fail - Tells of a failure, and counts it. @request: that it is about */
__attribute__((format(printf, 3, 4))) void fuzz_fail(struct fuzz *fuzz, const struct fuzz_request *request,
						     const char *format, ...);

/** fuzz_work - Does what a worker is to do, until no requests are left to it. */
void fuzz_work(struct fuzz *fuzz, struct progress *progress);

/* An answer to what is well-formed, to be compared with one that comes later. */
struct sample {
	size_t len;
	uint64_t hash;
	int error;
};

/** sample_take - Asks a form of a command about a process. Returns: whether there was an answer. */
bool sample_take(struct sample *sample, const struct spec_request *spec, uint32_t pid);

#endif
