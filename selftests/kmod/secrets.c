// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * secrets PID... - asks for all that there is to be told of processes, and looks at the bytes. Prints
 *
 *   address PLACE    where in a reply is a value that could be an address of the kernel: request, attribute, offset
 *   id ID            an id of a kernel object
 *
 * and at the end "N bytes of N replies". Ids are random numbers and may look like addresses; but not at the same
 * place, load after load of the module.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "raw.h"
#include "spec.h"

/* Where addresses of the kernel begin; error pointers, which small negative numbers look like, end them. */
#define KERNEL_FIRST 0xffff800000000000ULL
#define KERNEL_LAST  0xfffffffffffff000ULL

static unsigned long nr_bytes, nr_replies;

/* Addresses -------------------------------------------------------------------------------------------- */

static bool is_small_negative(int64_t number)
{
	return number < 0 && number >= -4095;
}

/*
 * Small negative numbers are told (descriptor -1, what a system call returned, clocks), and the end of a file; they
 * must not become part of a value that begins in their midst. Of 32 bits they are the upper half of an address only if
 * the lower has its first bit set: from 0xffffffff00000000 to 0xffffffff7fffffff the kernel has nothing.
 */
static void blank_known_numbers(uint8_t *bytes, size_t len)
{
	int64_t number;
	int32_t half;

	for (size_t i = 0; i + sizeof(number) <= len; i += 4) {
		memcpy(&number, bytes + i, sizeof(number));
		if (is_small_negative(number) || number == INT64_MAX)
			memset(bytes + i, 0, sizeof(number));
	}
	for (size_t i = 0; i + sizeof(half) <= len; i += 4) {
		memcpy(&half, bytes + i, sizeof(half));
		if (is_small_negative(half) && (i < 4 || !(bytes[i - 1] & 0x80)))
			memset(bytes + i, 0, sizeof(half));
	}
}

/* The attribute that a byte of a message is in, or NULL. */
static const struct nlattr *attr_at(const uint8_t *message, size_t at)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)message;
	const struct nlattr *attr;

	if (nlh->nlmsg_type < NLMSG_MIN_TYPE)
		return NULL;
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		size_t start = (const uint8_t *)attr - message;

		if (at >= start && at < start + attr->nla_len)
			return attr;
	}
	return NULL;
}

static void show_place(const char *request, const uint8_t *message, size_t at)
{
	const struct nlattr *attr = attr_at(message, at);
	const struct spec_attr *spec = attr ? spec_attr(mnl_attr_get_type(attr)) : NULL;

	if (spec)
		printf("address %s: %s+%zu\n", request, spec->name,
		       message + at - (const uint8_t *)attr - MNL_ATTR_HDRLEN);
	else
		printf("address %s: message+%zu\n", request, at);
}

static void look_for_addresses(const char *request, const uint8_t *message, size_t len)
{
	uint8_t *copy = malloc(len);
	uint64_t value;

	if (!copy)
		err(1, "malloc");
	memcpy(copy, message, len);
	blank_known_numbers(copy, len);
	nr_bytes += len;
	nr_replies++;
	for (size_t i = 0; i + sizeof(value) <= len; i++) {
		memcpy(&value, copy + i, sizeof(value));
		if (value >= KERNEL_FIRST && value <= KERNEL_LAST)
			show_place(request, message, i);
	}
	free(copy);
}

/* Ids -------------------------------------------------------------------------------------------------- */

static void look_for_ids(const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;

	if (nlh->nlmsg_type < NLMSG_MIN_TYPE)
		return;
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		const struct spec_attr *spec = spec_attr(mnl_attr_get_type(attr));
		uint64_t id;

		for (size_t i = 0; spec && i < spec->nr_ids; i++) {
			memcpy(&id, (const uint8_t *)mnl_attr_get_payload(attr) + spec->ids[i], sizeof(id));
			if (id)
				printf("id %016llx\n", (unsigned long long)id);
		}
	}
}

/* Asking ----------------------------------------------------------------------------------------------- */

static bool look_at(const char *name, const void *buffer, int size)
{
	const struct nlmsghdr *nlh = buffer;
	struct raw_answer answer = { 0 };
	bool done = false;

	for (; !done && mnl_nlmsg_ok(nlh, size); nlh = mnl_nlmsg_next(nlh, &size)) {
		look_for_addresses(name, (const uint8_t *)nlh, nlh->nlmsg_len);
		look_for_ids(nlh);
		done = raw_read(&answer, nlh);
	}
	return done;
}

/* @pid: 0: about no process */
static void ask(const struct raw *raw, const struct spec_request *spec, uint32_t pid)
{
	static char buffer[256 * 1024] __attribute__((aligned(8)));
	struct raw_request request;
	int size;

	raw_begin(&request, raw, spec->command, spec->dump);
	if (pid && spec->nr_attrs)
		mnl_attr_put_u32(&request.nlh, spec_attrs[spec->attrs[0]].number, pid);
	if (mnl_socket_sendto(raw->socket, &request, request.nlh.nlmsg_len) < 0)
		err(1, "%s", spec->name);
	do {
		size = mnl_socket_recvfrom(raw->socket, buffer, sizeof(buffer));
		if (size < 0)
			err(1, "%s", spec->name);
	} while (!look_at(spec->name, buffer, size));
}

/* Events come by themselves: those of a lock that is taken and given up here. */
static void take_event(const struct raw *raw)
{
	static char buffer[256 * 1024] __attribute__((aligned(8)));
	FILE *file = tmpfile();
	int size;

	if (!file || lockf(fileno(file), F_LOCK, 1))
		err(1, "a lock");
	fclose(file);
	size = mnl_socket_recvfrom(raw->socket, buffer, sizeof(buffer));
	if (size < 0)
		err(1, "events");
	look_at("event", buffer, size);
}

static void ask_all(const struct raw *raw, uint32_t pid)
{
	for (size_t i = 0; i < spec_nr_requests; i++)
		if (spec_requests[i].command != CRLOCK_CMD_MONITOR)
			ask(raw, &spec_requests[i], pid);
}

int main(int argc, char **argv)
{
	struct raw raw;

	if (argc < 2)
		errx(2, "usage: secrets PID...");
	if (!raw_open(&raw))
		errx(1, "the family is not there");
	for (int i = 1; i < argc; i++)
		ask_all(&raw, atoi(argv[i]));
	/* What some requests refuse. */
	ask_all(&raw, 0);
	ask(&raw, spec_request(CRLOCK_CMD_MONITOR, false), 0);
	take_event(&raw);
	raw_close(&raw);
	printf("%lu bytes of %lu replies\n", nr_bytes, nr_replies);
	return 0;
}
