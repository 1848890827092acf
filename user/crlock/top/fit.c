// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "crlock/top/fit.h"

/* The first character: how many bytes and columns it has. What is none has one of each. */
static size_t next_character(const char *text, size_t *columns)
{
	wchar_t character;
	int len = mbtowc(&character, text, MB_CUR_MAX);
	int width = len > 0 ? wcwidth(character) : 1;

	*columns = width > 0 ? width : 0;
	return len > 0 ? len : 1;
}

static size_t columns_of(const char *text)
{
	size_t all = 0, columns;

	while (*text) {
		text += next_character(text, &columns);
		all += columns;
	}
	return all;
}

/* Goes on as long as what is behind does not fit. */
static const char *skip(const char *text, size_t width)
{
	size_t left = columns_of(text), columns;

	while (left > width) {
		text += next_character(text, &columns);
		left -= columns;
	}
	return text;
}

/* Adds what fits. Returns: how many columns that is. */
static size_t add_first(struct lock_buffer *buffer, const char *text, size_t width)
{
	size_t all = 0;

	while (*text) {
		size_t columns, len = next_character(text, &columns);

		if (all + columns > width)
			break;
		lock_buffer_format(buffer, "%.*s", (int)len, text);
		text += len;
		all += columns;
	}
	return all;
}

static void add_cut(struct lock_buffer *buffer, const char *text, size_t width, unsigned int how)
{
	size_t added;

	if (!width)
		return;
	if (how & FIT_END) {
		lock_buffer_add(buffer, "<");
		text = skip(text, width - 1);
		added = columns_of(text) + 1;
		lock_buffer_add(buffer, text);
	} else {
		added = add_first(buffer, text, width - 1) + 1;
		lock_buffer_add(buffer, ">");
	}
	/* Of a wide character there may have been room for a half. */
	lock_buffer_format(buffer, "%*s", (int)(width - added), "");
}

void fit_add(struct lock_buffer *buffer, const char *text, size_t width, unsigned int how)
{
	size_t columns = columns_of(text);

	if (columns > width && !(how & FIT_WHOLE)) {
		add_cut(buffer, text, width, how);
		return;
	}
	columns = columns < width ? width - columns : 0;
	if (how & FIT_RIGHT)
		lock_buffer_format(buffer, "%*s", (int)columns, "");
	lock_buffer_add(buffer, text);
	if (!(how & FIT_RIGHT))
		lock_buffer_format(buffer, "%*s", (int)columns, "");
}
