/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CRLOCK_DECODE_H
#define CRLOCK_DECODE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

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
 * @needed: what %CRLOCK_A_NEEDED told, which is about the answer itself, not given to @attr
 * @busy_queues: the same of %CRLOCK_A_BUSY_QUEUES
 * @busy_mappings: the same of %CRLOCK_A_BUSY_MAPPINGS
 */
struct crlock_decoder {
	crlock_attr_fn *attr;
	int (*end)(struct crlock_decoder *decoder);
	const char *flaw;
	uint64_t needed;
	uint32_t busy_queues;
	uint32_t busy_mappings;
};

/* Bytes up to the end of a member. */
#define CRLOCK_SIZE_UP_TO(type, member) (offsetof(type, member) + sizeof(((type *)NULL)->member))

int crlock_decode_message(struct crlock_decoder *decoder, const struct nlmsghdr *nlh);
int crlock_decode_nest(struct crlock_decoder *decoder, const struct crlock_attr *nest, crlock_attr_fn *fn);
int crlock_decode_u32(struct crlock_decoder *decoder, const struct crlock_attr *attr, uint32_t *value);
int crlock_decode_u64(struct crlock_decoder *decoder, const struct crlock_attr *attr, uint64_t *value);
void crlock_decode_string(const struct crlock_attr *attr, char *string, size_t size);
int crlock_decode_flaw(struct crlock_decoder *decoder, const char *flaw);

/**
 * crlock_decode_row - Copies a row.
 * @row: the struct; aligned, which the attribute is only to 4 bytes
 * @size: of the struct as this library knows it
 * @least: of the struct as it was in the first module with this ABI
 *
 * There may be tens of thousands: inline, so that the usual copy is of constant size.
 *
 * Returns: 0, with members that the row lacks set to 0; or -EPROTO if it is shorter than @least.
 */
static inline int crlock_decode_row(struct crlock_decoder *decoder, const struct crlock_attr *attr, void *row,
				    size_t size, size_t least)
{
	if (attr->len < least)
		return crlock_decode_flaw(decoder, "a row is too short");
	if (attr->len >= size) {
		memcpy(row, attr->payload, size);
	} else {
		memcpy(row, attr->payload, attr->len);
		memset((char *)row + attr->len, 0, size - attr->len);
	}
	return 0;
}

#endif
