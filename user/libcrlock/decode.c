// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From messages to values. Rows may be shorter or longer than the structs that this library knows:
 * they grow at their end, see <linux/crlock.h>.
 */
#include <errno.h>
#include <string.h>

#include <linux/genetlink.h>

#include "crlock.h"
#include "decode.h"

/** crlock_decode_flaw - Notes what is wrong with an answer. Returns: -EPROTO. */
int crlock_decode_flaw(struct crlock_decoder *decoder, const char *flaw)
{
	decoder->flaw = flaw;
	return -EPROTO;
}

/*
 * There may be tens of thousands of attributes: libmnl's iterators, with some function calls for each
 * and no error if lengths do not add up, take three times as long.
 */
static inline __attribute__((always_inline)) int
decode_attrs(struct crlock_decoder *decoder, const void *attrs, size_t rest, crlock_attr_fn *fn)
{
	const struct nlattr *nla = attrs;
	struct crlock_attr attr;
	size_t size;
	int err;

	while (rest) {
		if (rest < sizeof(*nla) || nla->nla_len < sizeof(*nla) || nla->nla_len > rest)
			return crlock_decode_flaw(decoder, "lengths of attributes do not add up");
		attr.type = nla->nla_type & NLA_TYPE_MASK;
		attr.len = nla->nla_len - sizeof(*nla);
		attr.payload = nla + 1;
		err = fn(decoder, &attr);
		if (err)
			return err;
		size = NLA_ALIGN(nla->nla_len);
		/* The last one need not be padded. */
		rest -= size < rest ? size : rest;
		nla = (const struct nlattr *)((const char *)nla + size);
	}
	return 0;
}

static int decode_attr(struct crlock_decoder *decoder, const struct crlock_attr *attr)
{
	switch (attr->type) {
	case CRLOCK_A_NEEDED:
		return crlock_decode_u64(decoder, attr, &decoder->needed);
	case CRLOCK_A_BUSY_QUEUES:
		return crlock_decode_u32(decoder, attr, &decoder->busy_queues);
	case CRLOCK_A_BUSY_MAPPINGS:
		return crlock_decode_u32(decoder, attr, &decoder->busy_mappings);
	default:
		return decoder->attr(decoder, attr);
	}
}

/**
 * crlock_decode_message - Gives each attribute of a message to a decoder.
 *
 * Returns: 0, what the decoder returned, or -EPROTO if lengths do not add up.
 */
int crlock_decode_message(struct crlock_decoder *decoder, const struct nlmsghdr *nlh)
{
	const size_t header = MNL_ALIGN(sizeof(struct genlmsghdr));
	int err;

	if (mnl_nlmsg_get_payload_len(nlh) < header)
		return crlock_decode_flaw(decoder, "a message is too short");
	err = decode_attrs(decoder, mnl_nlmsg_get_payload_offset(nlh, header),
			   mnl_nlmsg_get_payload_len(nlh) - header, decode_attr);
	if (!err && decoder->end)
		err = decoder->end(decoder);
	return err;
}

/** crlock_decode_nest - Gives each attribute inside another to @fn, as crlock_decode_message(). */
int crlock_decode_nest(struct crlock_decoder *decoder, const struct crlock_attr *nest, crlock_attr_fn *fn)
{
	return decode_attrs(decoder, nest->payload, nest->len, fn);
}

/** crlock_decode_u32 - Reads a number. Returns: 0 or -EPROTO. */
int crlock_decode_u32(struct crlock_decoder *decoder, const struct crlock_attr *attr, uint32_t *value)
{
	if (attr->len != sizeof(*value))
		return crlock_decode_flaw(decoder, "a number has the wrong length");
	memcpy(value, attr->payload, sizeof(*value));
	return 0;
}

/** crlock_decode_u64 - Reads a number. Returns: 0 or -EPROTO. */
int crlock_decode_u64(struct crlock_decoder *decoder, const struct crlock_attr *attr, uint64_t *value)
{
	if (attr->len != sizeof(*value))
		return crlock_decode_flaw(decoder, "a number has the wrong length");
	memcpy(value, attr->payload, sizeof(*value));
	return 0;
}

/** crlock_decode_string - Copies a string, cut if it is longer than @size - 1. */
void crlock_decode_string(const struct crlock_attr *attr, char *string, size_t size)
{
	size_t len = strnlen(attr->payload, attr->len);

	if (len >= size)
		len = size - 1;
	memcpy(string, attr->payload, len);
	string[len] = '\0';
}
