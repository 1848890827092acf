/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What uapi/crlock.yaml says of the family. spec.py makes the tables.
 */
#ifndef KMOD_SPEC_H
#define KMOD_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum spec_type {
	SPEC_PAD,
	SPEC_FLAG,
	SPEC_U32,
	SPEC_U64,
	SPEC_STRING,
	SPEC_BINARY,
	SPEC_NEST,
};

/* An attribute. */
struct spec_attr {
	const char *name;
	uint16_t number;
	enum spec_type type;
	bool multi; /* it may be there more than once */
	uint64_t min, max; /* of a number */
	const char *row; /* name of the struct that it is; NULL: none */
	const uint16_t *ids; /* where ids of kernel objects are in that struct */
	size_t nr_ids;
};

/* A command in one of its forms, and by their index in the table what attributes it takes. */
struct spec_request {
	const char *name;
	uint8_t command;
	bool dump;
	const uint16_t *attrs;
	size_t nr_attrs;
};

extern const struct spec_attr spec_attrs[];
extern const size_t spec_nr_attrs;
extern const struct spec_request spec_requests[];
extern const size_t spec_nr_requests;

/** spec_attr - An attribute by its number. Returns: NULL if there is none. */
const struct spec_attr *spec_attr(uint16_t number);

/** spec_request - A request by its command and form. Returns: NULL if there is none. */
const struct spec_request *spec_request(uint8_t command, bool dump);

#endif
