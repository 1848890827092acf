// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/crlock.h>
#include <linux/genetlink.h>

#include "request.h"
#include "rng.h"

const char *const kind_names[NR_KINDS] = {
	[KIND_GOOD] = "good",	  [KIND_ATTRIBUTE] = "attribute", [KIND_LENGTH] = "length",
	[KIND_HEADER] = "header", [KIND_JUNK] = "junk",
};

/* More of one attribute than the family takes, see CRLOCK_TGIDS_MAX. */
#define MANY 5000

static struct genlmsghdr *genl_of(struct fuzz_request *request)
{
	return (struct genlmsghdr *)(request->bytes + NLMSG_HDRLEN);
}

static void begin(struct fuzz_request *request, uint64_t *rng, uint16_t family, uint32_t seq)
{
	struct genlmsghdr *genl;

	mnl_nlmsg_put_header(request->bytes);
	request->nlh.nlmsg_type = family;
	request->nlh.nlmsg_flags =
		NLM_F_REQUEST | (rng_one_in(rng, 4) ? 0 : NLM_F_ACK) | (request->spec->dump ? NLM_F_DUMP : 0);
	request->nlh.nlmsg_seq = seq;
	genl = mnl_nlmsg_put_extra_header(&request->nlh, sizeof(*genl));
	genl->cmd = request->spec->command;
	genl->version = rng_one_in(rng, 8) ? rng_next(rng) : CRLOCK_GENL_VERSION;
}

/* Attributes that are right ------------------------------------------------------------------------------ */

static uint64_t number_for(const struct spec_attr *attr, uint64_t *rng, const struct subjects *subjects)
{
	bool is_process = !strcmp(attr->name, "tgid") || !strcmp(attr->name, "tid");
	uint64_t span = attr->max - attr->min + 1;

	if (is_process && subjects->nr && !rng_one_in(rng, 8))
		return subjects->pids[rng_below(rng, subjects->nr)];
	switch (rng_below(rng, 4)) {
	case 0:
		return attr->min;
	case 1:
		return attr->max;
	default:
		return attr->min + (span ? rng_below(rng, span) : rng_next(rng));
	}
}

static size_t size_of(const struct spec_attr *attr)
{
	return attr->type == SPEC_U32 ? 4 : attr->type == SPEC_U64 ? 8 : 0;
}

static void put_number(struct fuzz_request *request, const struct spec_attr *attr, uint64_t number)
{
	mnl_attr_put(&request->nlh, attr->number, size_of(attr), &number);
}

static size_t how_often(const struct spec_attr *attr, uint64_t *rng)
{
	if (!attr->multi)
		return 1;
	return rng_one_in(rng, 500) ? MANY : 1 + rng_below(rng, 3);
}

static void put_attrs(struct fuzz_request *request, uint64_t *rng, const struct subjects *subjects)
{
	for (size_t i = 0; i < request->spec->nr_attrs; i++) {
		const struct spec_attr *attr = &spec_attrs[request->spec->attrs[i]];

		/* The first is what most commands cannot do without. */
		if (rng_one_in(rng, i ? 2 : 6))
			continue;
		for (size_t n = how_often(attr, rng); n; n--)
			put_number(request, attr, number_for(attr, rng, subjects));
	}
}

/* Attributes that are wrong ------------------------------------------------------------------------------ */

static const struct spec_attr *one_of(const struct spec_request *spec, uint64_t *rng)
{
	return spec->nr_attrs ? &spec_attrs[spec->attrs[rng_below(rng, spec->nr_attrs)]] : NULL;
}

static bool takes(const struct spec_request *spec, const struct spec_attr *attr)
{
	for (size_t i = 0; i < spec->nr_attrs; i++)
		if (&spec_attrs[spec->attrs[i]] == attr)
			return true;
	return false;
}

static const struct spec_attr *one_of_others(const struct spec_request *spec, uint64_t *rng)
{
	const struct spec_attr *attr;

	do
		attr = &spec_attrs[rng_below(rng, spec_nr_attrs)];
	while (takes(spec, attr));
	return attr;
}

static void put_bytes(struct fuzz_request *request, uint64_t *rng, uint16_t type, size_t len)
{
	uint64_t bytes[64];

	for (size_t i = 0; i < sizeof(bytes) / sizeof(*bytes); i++)
		bytes[i] = rng_next(rng);
	mnl_attr_put(&request->nlh, type, len, bytes);
}

/* Some that are in each other. */
static void put_nested(struct fuzz_request *request, uint64_t *rng, uint16_t type)
{
	struct nlattr *nests[32];
	size_t depth = 1 + rng_below(rng, 32);

	for (size_t i = 0; i < depth; i++)
		nests[i] = mnl_attr_nest_start(&request->nlh, i ? rng_below(rng, spec_nr_attrs + 2) : type);
	put_bytes(request, rng, rng_below(rng, spec_nr_attrs + 2), rng_below(rng, 64));
	for (size_t i = depth; i; i--)
		mnl_attr_nest_end(&request->nlh, nests[i - 1]);
}

/* Returns: whether there are numbers out of the range of the attribute. */
static bool number_out_of_range(const struct spec_attr *attr, uint64_t *rng, uint64_t *number)
{
	uint64_t limit = attr->type == SPEC_U32 ? UINT32_MAX : UINT64_MAX;

	if (attr->max < limit)
		*number = attr->max + 1 + rng_below(rng, limit - attr->max);
	else if (attr->min)
		*number = rng_below(rng, attr->min);
	else
		return false;
	return true;
}

static void put_wrong_attr(struct fuzz_request *request, uint64_t *rng)
{
	const struct spec_attr *other = one_of_others(request->spec, rng);
	const struct spec_attr *attr = one_of(request->spec, rng) ?: other;
	uint64_t number;
	size_t len;

	request->is_wrong = true;
	switch (rng_below(rng, 7)) {
	case 0:
		put_bytes(request, rng, spec_nr_attrs + 1 + rng_below(rng, NLA_TYPE_MASK - spec_nr_attrs),
			  rng_below(rng, 512));
		break;
	case 1:
		put_bytes(request, rng, 0, rng_below(rng, 512));
		break;
	case 2:
		put_bytes(request, rng, other->number, rng_below(rng, 512));
		break;
	case 3:
		len = rng_below(rng, 40);
		put_bytes(request, rng, attr->number, len + (len == size_of(attr)));
		break;
	case 4:
		if (attr != other && number_out_of_range(attr, rng, &number))
			put_number(request, attr, number);
		else
			put_bytes(request, rng, other->number, size_of(other));
		break;
	case 5:
		put_nested(request, rng, attr->number);
		break;
	default:
		put_nested(request, rng, other->number);
		break;
	}
}

/* Lengths that are wrong --------------------------------------------------------------------------------- */

static struct nlattr *last_attr(struct fuzz_request *request)
{
	struct nlattr *attr, *last = NULL;

	mnl_attr_for_each(attr, &request->nlh, sizeof(struct genlmsghdr))
		last = attr;
	return last;
}

static void spoil_attr_length(struct fuzz_request *request, uint64_t *rng)
{
	struct nlattr *last = last_attr(request);

	if (!last) {
		put_bytes(request, rng, 1, 4);
		last = last_attr(request);
	}
	if (rng_one_in(rng, 2))
		last->nla_len = rng_below(rng, NLA_HDRLEN);
	else
		last->nla_len += 1 + rng_below(rng, UINT16_MAX - last->nla_len);
	request->is_wrong = true;
}

static void spoil_length(struct fuzz_request *request, uint64_t *rng)
{
	size_t len = request->nlh.nlmsg_len;

	request->len = len;
	switch (rng_below(rng, 5)) {
	case 0: /* bytes that are no attribute */
		memset(request->bytes + len, 0xff, 4);
		request->nlh.nlmsg_len += 1 + rng_below(rng, 3);
		request->len = request->nlh.nlmsg_len;
		request->is_wrong = true;
		break;
	case 1: /* more than there are */
		request->nlh.nlmsg_len += 1 + rng_next(rng) % (UINT32_MAX - len);
		break;
	case 2: /* not even a header */
		request->nlh.nlmsg_len = rng_below(rng, NLMSG_HDRLEN + GENL_HDRLEN);
		break;
	case 3: /* cut off anywhere */
		request->len = rng_below(rng, len + 1);
		if (request->len >= NLMSG_HDRLEN)
			request->nlh.nlmsg_len = request->len;
		break;
	default:
		spoil_attr_length(request, rng);
		break;
	}
}

/* Headers that are wrong --------------------------------------------------------------------------------- */

static void spoil_header(struct fuzz_request *request, uint64_t *rng)
{
	switch (rng_below(rng, 5)) {
	case 0:
		genl_of(request)->cmd = rng_next(rng);
		break;
	case 1: /* in the form that it may not have */
		request->nlh.nlmsg_flags ^= NLM_F_DUMP;
		break;
	case 2:
		genl_of(request)->reserved = 1 + rng_below(rng, UINT16_MAX);
		request->is_wrong = true;
		break;
	case 3: /* of flags only half of NLM_F_DUMP, or more than there are */
		request->nlh.nlmsg_flags &= ~NLM_F_DUMP;
		request->nlh.nlmsg_flags |= rng_one_in(rng, 2) ? NLM_F_ROOT : 1 << (10 + rng_below(rng, 6));
		request->is_wrong = true;
		break;
	default:
		request->nlh.nlmsg_flags &= ~NLM_F_REQUEST;
		break;
	}
}

static void put_junk(struct fuzz_request *request, uint64_t *rng)
{
	size_t len = rng_below(rng, 2048);

	for (size_t i = 0; i < len; i++)
		request->bytes[request->nlh.nlmsg_len + i] = rng_next(rng);
	request->nlh.nlmsg_len += len;
}

/* --------------------------------------------------------------------------------------------------------- */

void request_make(struct fuzz_request *request, uint64_t *rng, enum kind kind,
		  const struct spec_request *spec, const struct subjects *subjects, uint16_t family,
		  uint32_t seq)
{
	request->kind = kind;
	request->spec = spec;
	request->is_wrong = false;
	request->len = 0;
	begin(request, rng, family, seq);
	if (kind != KIND_JUNK)
		put_attrs(request, rng, subjects);
	if (kind == KIND_ATTRIBUTE)
		put_wrong_attr(request, rng);
	else if (kind == KIND_LENGTH)
		spoil_length(request, rng);
	else if (kind == KIND_HEADER)
		spoil_header(request, rng);
	else if (kind == KIND_JUNK)
		put_junk(request, rng);
	if (!request->len)
		request->len = request->nlh.nlmsg_len;
}

bool request_is_heard(const struct fuzz_request *request)
{
	return request->len >= NLMSG_HDRLEN && request->nlh.nlmsg_len >= NLMSG_HDRLEN &&
	       request->nlh.nlmsg_len <= request->len && request->nlh.nlmsg_flags & NLM_F_REQUEST;
}

bool request_is_dump(const struct fuzz_request *request)
{
	return (request->nlh.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
}

bool request_is_of_netlink(const struct fuzz_request *request)
{
	const struct genlmsghdr *genl = (const struct genlmsghdr *)(request->bytes + NLMSG_HDRLEN);

	return request->nlh.nlmsg_len < NLMSG_HDRLEN + GENL_HDRLEN ||
	       !spec_request(genl->cmd, request_is_dump(request));
}
