// SPDX-License-Identifier: GPL-2.0-or-later
#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "locks/buffer.h"

void lock_buffer_free(struct lock_buffer *buffer)
{
	free(buffer->text);
	*buffer = (struct lock_buffer){ 0 };
}

void lock_buffer_clear(struct lock_buffer *buffer)
{
	buffer->len = 0;
	if (buffer->text)
		*buffer->text = '\0';
}

const char *lock_buffer_text(const struct lock_buffer *buffer)
{
	return buffer->text ?: "";
}

/* Makes room for so many bytes and a NUL. */
static bool reserve(struct lock_buffer *buffer, size_t len)
{
	size_t room = buffer->room ?: 128;
	char *text;

	while (room - buffer->len <= len)
		room *= 2;
	if (room == buffer->room)
		return true;
	text = realloc(buffer->text, room);
	if (!text) {
		buffer->failed = true;
		return false;
	}
	buffer->text = text;
	buffer->room = room;
	return true;
}

static void add_bytes(struct lock_buffer *buffer, const char *bytes, size_t len)
{
	if (!reserve(buffer, len))
		return;
	memcpy(buffer->text + buffer->len, bytes, len);
	buffer->len += len;
	buffer->text[buffer->len] = '\0';
}

void lock_buffer_add(struct lock_buffer *buffer, const char *text)
{
	add_bytes(buffer, text, strlen(text));
}

void lock_buffer_format(struct lock_buffer *buffer, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0 || !reserve(buffer, len))
		return;
	va_start(args, format);
	vsnprintf(buffer->text + buffer->len, len + 1, format, args);
	va_end(args);
	buffer->len += len;
}

void lock_buffer_number(struct lock_buffer *buffer, long long number)
{
	unsigned long long left = number;
	char digits[24], *at = digits + sizeof(digits);

	if (number < 0)
		left = -left;
	do {
		*--at = '0' + left % 10;
		left /= 10;
	} while (left);
	if (number < 0)
		*--at = '-';
	add_bytes(buffer, at, digits + sizeof(digits) - at);
}

static size_t sequence_len(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if ((first & 0xe0) == 0xc0)
		return 2;
	if ((first & 0xf0) == 0xe0)
		return 3;
	return (first & 0xf8) == 0xf0 ? 4 : 0;
}

/* Returns: how many bytes the UTF-8 character has that a text begins with, 0 if it is none. */
static size_t decode(const unsigned char *text, uint32_t *character)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = sequence_len(text[0]);
	uint32_t value = text[0];

	if (len > 1)
		value &= 0xff >> (len + 1);
	for (size_t i = 1; i < len; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (text[i] & 0x3f);
	}
	if (!len || value < least[len] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
		return 0;
	*character = value;
	return len;
}

/* Controls C0 and C1, line and paragraph separators, and what embeds or overrides the direction. */
static bool is_unsafe(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f || c == 0x061c ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static size_t plain_len(const unsigned char *text)
{
	size_t len = 0;

	while (text[len] >= 0x20 && text[len] < 0x7f)
		len++;
	return len;
}

/* The locale is read from files, which takes longer than much else: only if there is something to ask it. */
static bool locale_has_utf8(void)
{
	static int has = -1;
	locale_t locale;

	if (has >= 0)
		return has;
	locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	has = locale && !strcmp(nl_langinfo_l(CODESET, locale), "UTF-8");
	if (locale)
		freelocale(locale);
	return has;
}

static bool always(void)
{
	return true;
}

/* Adds text; what is not ASCII only if it may. */
static void add_safe(struct lock_buffer *buffer, const char *text, bool (*may)(void))
{
	const unsigned char *at = (const unsigned char *)text;

	while (*at) {
		size_t len = plain_len(at), bad = 1;
		uint32_t character;

		if (!len) {
			len = decode(at, &character);
			if (len && (!may() || is_unsafe(character))) {
				bad = len;
				len = 0;
			}
		}
		add_bytes(buffer, (const char *)at, len);
		at += len;
		for (; !len && bad; bad--)
			lock_buffer_format(buffer, "\\x%02x", *at++);
	}
}

void lock_buffer_printable(struct lock_buffer *buffer, const char *text)
{
	add_safe(buffer, text, locale_has_utf8);
}

void lock_buffer_utf8(struct lock_buffer *buffer, const char *text)
{
	add_safe(buffer, text, always);
}
