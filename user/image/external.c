// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/external.h"

static const struct form {
	const char *name;
	enum external_type type;
	int base;
	bool two; /* numbers, with a colon between */
} forms[] = {
	{ "file", EXTERNAL_FILE, 16, true },  { "tty", EXTERNAL_TTY, 16, true },
	{ "pipe", EXTERNAL_PIPE, 10, false }, { "socket", EXTERNAL_SOCKET, 10, false },
	{ "unix", EXTERNAL_UNIX, 10, false },
};

/* Returns: what is behind the word and its bracket, NULL: there are none. */
static const char *behind_word(const char *text, size_t *len)
{
	*len = 0;
	while (islower((unsigned char)text[*len]))
		++*len;
	text += *len;
	text += *text == ':';
	return *len && *text == '[' ? text + 1 : NULL;
}

bool external_is_typed(const char *text)
{
	size_t len;

	return behind_word(text, &len);
}

/* Returns: what is behind a number, NULL: there is none. */
static const char *read_number(const char *text, int base, uint64_t *number)
{
	char *end;

	if (!isxdigit((unsigned char)*text))
		return NULL;
	errno = 0;
	*number = strtoull(text, &end, base);
	return errno || end == text ? NULL : end;
}

bool external_parse(struct external *external, const char *text)
{
	size_t len;
	const char *at = behind_word(text, &len);

	*external = (struct external){ .type = EXTERNAL_MOUNT };
	if (!at)
		return false;
	if (len == 3 && !strncmp(text, "mnt", len))
		return strchr(at, ']');
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		const struct form *form = &forms[i];

		if (strlen(form->name) != len || strncmp(text, form->name, len))
			continue;
		external->type = form->type;
		at = read_number(at, form->base, &external->first);
		if (at && form->two)
			at = *at == ':' ? read_number(at + 1, form->base, &external->second) : NULL;
		return at && !strcmp(at, "]");
	}
	return false;
}

void external_key(const struct external *external, char key[EXTERNAL_KEY_MAX])
{
	switch (external->type) {
	case EXTERNAL_FILE:
		snprintf(key, EXTERNAL_KEY_MAX, "file[%" PRIx64 ":%" PRIx64 "]", external->first,
			 external->second);
		break;
	case EXTERNAL_TTY:
		snprintf(key, EXTERNAL_KEY_MAX, "tty[%" PRIx64 ":%" PRIx64 "]", external->first,
			 external->second);
		break;
	case EXTERNAL_PIPE:
		snprintf(key, EXTERNAL_KEY_MAX, "pipe:[%" PRIu64 "]", external->first);
		break;
	case EXTERNAL_SOCKET:
	case EXTERNAL_UNIX:
		snprintf(key, EXTERNAL_KEY_MAX, "socket:[%" PRIu64 "]", external->first);
		break;
	case EXTERNAL_MOUNT:
		snprintf(key, EXTERNAL_KEY_MAX, "mnt");
		break;
	}
}
