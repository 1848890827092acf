// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "image/message.h"

#define LEVEL_MAX 4

/* There are no controls in it. */
static void add_string(struct lock_buffer *line, const char *text)
{
	struct lock_buffer plain = { 0 };
	const char *at;

	lock_buffer_utf8(&plain, text);
	lock_buffer_add(line, "\"");
	for (at = lock_buffer_text(&plain); *at;) {
		int len = strcspn(at, "\"\\");

		lock_buffer_format(line, "%.*s", len, at);
		at += len;
		if (*at)
			lock_buffer_format(line, "\\%c", *at++);
	}
	lock_buffer_add(line, "\"");
	lock_buffer_free(&plain);
}

static void add_time(struct lock_buffer *line)
{
	struct timespec now;
	char seconds[32];
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &tm);
	lock_buffer_format(line, "\"%s.%06ldZ\"", seconds, now.tv_nsec / 1000);
}

static void add_json(struct lock_buffer *line, const struct message *message)
{
	static const char *const levels[] = {
		[MESSAGE_ERROR] = "error",
		[MESSAGE_WARNING] = "warning",
		[MESSAGE_INFO] = "info",
	};

	lock_buffer_add(line, "{\"time\":");
	add_time(line);
	lock_buffer_format(line, ",\"level\":\"%s\",\"program\":\"%s\"", levels[message->level],
			   message->program);
	if (message->pid > 0)
		lock_buffer_format(line, ",\"pid\":%d", message->pid);
	if (message->fd >= 0)
		lock_buffer_format(line, ",\"fd\":%d", message->fd);
	lock_buffer_add(line, ",\"message\":");
	add_string(line, message->text);
	lock_buffer_add(line, "}\n");
}

void message_add(struct lock_buffer *line, const struct message *message, bool json)
{
	if (json) {
		add_json(line, message);
		return;
	}
	lock_buffer_format(line, "%s: ", message->program);
	lock_buffer_printable(line, message->text);
	lock_buffer_add(line, "\n");
}

int message_level_parse(int level, const char *text)
{
	if (!text || (*text && !text[strspn(text, "v")])) {
		level += text ? strlen(text) + 1 : 1;
		return level < LEVEL_MAX ? level : LEVEL_MAX;
	}
	return *text >= '0' && *text <= '0' + LEVEL_MAX && !text[1] ? *text - '0' : -1;
}
