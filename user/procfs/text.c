// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "procfs/text.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

struct proc_text proc_text_word(struct proc_text *text)
{
	struct proc_text word;

	while (text->at < text->end && is_blank(*text->at))
		text->at++;
	word.at = text->at;
	while (text->at < text->end && !is_blank(*text->at))
		text->at++;
	word.end = text->at;
	return word;
}

bool proc_text_field(struct proc_text *text, char separator, struct proc_text *field)
{
	const char *at = memchr(text->at, separator, proc_text_len(*text));

	if (!at)
		return false;
	*field = (struct proc_text){ text->at, at };
	text->at = at + 1;
	return true;
}

bool proc_text_is(struct proc_text text, const char *what)
{
	size_t len = strlen(what);

	return proc_text_len(text) == len && !memcmp(text.at, what, len);
}

bool proc_text_skip(struct proc_text *text, const char *what)
{
	size_t len = strlen(what);

	if (proc_text_len(*text) < len || memcmp(text->at, what, len))
		return false;
	text->at += len;
	return true;
}

static unsigned int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

bool proc_text_unsigned(struct proc_text text, unsigned int base, uint64_t max, uint64_t *value)
{
	uint64_t sum = 0;

	if (text.at == text.end)
		return false;
	for (; text.at < text.end; text.at++) {
		unsigned int digit = digit_value(*text.at);

		if (digit >= base || sum > (max - digit) / base || digit > max)
			return false;
		sum = sum * base + digit;
	}
	*value = sum;
	return true;
}

bool proc_text_signed(struct proc_text text, int64_t *value)
{
	bool negative = proc_text_skip(&text, "-");
	uint64_t sum;

	if (!proc_text_unsigned(text, 10, (uint64_t)INT64_MAX + negative, &sum))
		return false;
	*value = negative ? (int64_t)-sum : (int64_t)sum;
	return true;
}

bool proc_failed(int err)
{
	switch (-err) {
	case EIO:
	case EINTR:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOSPC:
		return true;
	default:
		return false;
	}
}
