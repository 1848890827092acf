/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests that fuzz makes, and what must come of each.
 */
#ifndef FUZZ_REQUEST_H
#define FUZZ_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/netlink.h>

#include "../spec.h"

enum kind {
	KIND_GOOD, /* as the specification has it, but its processes may be gone, and so on */
	KIND_ATTRIBUTE, /* with an attribute that is wrong */
	KIND_LENGTH, /* with a length that is wrong */
	KIND_HEADER, /* with a command, flag or field that is wrong */
	KIND_JUNK, /* with random bytes behind its header */
	NR_KINDS,
};

extern const char *const kind_names[NR_KINDS];

#define PIDS_MAX 8

/* Processes that requests are about. */
struct subjects {
	uint32_t pids[PIDS_MAX];
	size_t nr;
};

struct fuzz_request {
	enum kind kind;
	const struct spec_request *spec; /* what it was made from */
	size_t len; /* bytes to send, which need not be what its header says */
	bool is_wrong; /* it must be refused */
	union {
		struct nlmsghdr nlh;
		char bytes[65536];
	};
};

/**
 * request_make - Makes a request.
 * @rng: of which all that is in it depends on
 * @spec: what it begins as
 * @family: number of the family
 * @seq: to know the answer by
 */
void request_make(struct fuzz_request *request, uint64_t *rng, enum kind kind,
		  const struct spec_request *spec, const struct subjects *subjects, uint16_t family,
		  uint32_t seq);

/** request_is_heard - Whether it is one at all; netlink drops what is not without a word. */
bool request_is_heard(const struct fuzz_request *request);

/**
 * request_is_of_netlink - Whether generic netlink refuses it, which gives no reason.
 *
 * It does where there is no room for its header, and where the family has no such command in that form.
 */
bool request_is_of_netlink(const struct fuzz_request *request);

/** request_is_dump - Whether the kernel takes it as a request for a dump. */
bool request_is_dump(const struct fuzz_request *request);

#endif
