/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests as libcrlock would not make them, and all that the kernel says to them.
 */
#ifndef KMOD_RAW_H
#define KMOD_RAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>
#include <linux/crlock.h>
#include <linux/genetlink.h>

/* A socket, and the family's number. */
struct raw {
	struct mnl_socket *socket;
	uint16_t family;
};

/* A request with room for some attributes, to be added by mnl_attr_put_*(). */
struct raw_request {
	union {
		struct nlmsghdr nlh;
		char bytes[4096];
	};
};

struct raw_answer {
	int error; /* 0 or a negative errno value */
	char text[256]; /* of the extended acknowledgement, "" if it has none */
	size_t offset; /* of the attribute in the request that it is about; 0: not told */
	uint64_t needed; /* CRLOCK_A_NEEDED, 0 if it did not come */
	size_t nr_messages; /* besides the acknowledgement */
	size_t nr_rows; /* CRLOCK_A_LOCK, CRLOCK_A_FILE, CRLOCK_A_THREAD */
};

/** raw_open - Returns: whether the family is there. */
bool raw_open(struct raw *raw);

void raw_close(struct raw *raw);

/** raw_begin - Begins a request. @dump: NLM_F_DUMP, else NLM_F_ACK. */
void raw_begin(struct raw_request *request, const struct raw *raw, uint8_t command, bool dump);

/** raw_read - Reads one message of an answer. Returns: whether it was the last, which has an error or 0. */
bool raw_read(struct raw_answer *answer, const struct nlmsghdr *nlh);

/** raw_ask - Sends it, and reads all of the answer. Returns: false if the socket failed. */
bool raw_ask(struct raw *raw, struct raw_request *request, struct raw_answer *answer);

#endif
