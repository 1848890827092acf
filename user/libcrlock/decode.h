/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CRLOCK_DECODE_H
#define CRLOCK_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

/**
 * struct crlock_attr - An attribute of an answer.
 * @type: CRLOCK_A_*, without flags
 * @len: bytes of the payload
 * @payload: in the message; aligned to 4 bytes
 */
struct crlock_attr {
	uint16_t type;
	uint16_t len;
	const void *payload;
};

struct crlock_decoder;

typedef int crlock_attr_fn(struct crlock_decoder *decoder, const struct crlock_attr *attr);

/**
 * struct crlock_decoder - What takes the attributes of an answer; the first member of its state.
 * @attr: gets each attribute; what it returns, if not 0, ends the answer
 * @end: is called at the end of each message, the same way; may be NULL
 * @flaw: what is wrong with the answer if the result is -EPROTO and this is not NULL
 */
struct crlock_decoder {
	crlock_attr_fn *attr;
	int (*end)(struct crlock_decoder *decoder);
	const char *flaw;
};

/* Bytes up to the end of a member. */
#define CRLOCK_SIZE_UP_TO(type, member) (offsetof(type, member) + sizeof(((type *)NULL)->member))

int crlock_decode_message(struct crlock_decoder *decoder, const struct nlmsghdr *nlh);
int crlock_decode_nest(struct crlock_decoder *decoder, const struct crlock_attr *nest,
		       crlock_attr_fn *fn);
int crlock_decode_row(struct crlock_decoder *decoder, const struct crlock_attr *attr, void *row,
		      size_t size, size_t least);
int crlock_decode_u32(struct crlock_decoder *decoder, const struct crlock_attr *attr, uint32_t *value);
int crlock_decode_u64(struct crlock_decoder *decoder, const struct crlock_attr *attr, uint64_t *value);
void crlock_decode_string(const struct crlock_attr *attr, char *string, size_t size);
int crlock_decode_flaw(struct crlock_decoder *decoder, const char *flaw);

#endif
