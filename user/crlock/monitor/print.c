// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "crlock/monitor/print.h"

/* Columns are two blanks apart; the last one is not filled up. */
static void print_text(const char *text, int width, bool last)
{
	if (last && width <= 0)
		printf("%s\n", text);
	else
		printf("%*s%s", width, text, last ? "\n" : "  ");
}

static void print_json(json_t *json)
{
	if (json)
		json_dumpf(json, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
	printf("\n");
	json_decref(json);
}

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/* What is no event of the kernel. */
static json_t *notice_json(struct event_output *output, const char *name)
{
	json_t *json = json_object();

	cell_clear(&output->cell);
	event_fill_time(&output->cell, now());
	json_object_set(json, "time", output->cell.json);
	json_object_set_new(json, "event", json_string(name));
	return json;
}

void print_start(struct event_output *output)
{
	const struct event_choice *columns = &output->columns;

	output->cell.is_json = output->json;
	if (output->json) {
		print_json(notice_json(output, "start"));
		return;
	}
	for (size_t i = 0; !output->no_headings && i < columns->nr; i++)
		print_text(columns->columns[i]->name, columns->columns[i]->width, i + 1 == columns->nr);
}

static json_t *event_json(struct event_output *output, const struct told_event *event)
{
	json_t *json = json_object();

	for (size_t i = 0; json && i < output->columns.nr; i++) {
		const struct event_column *column = output->columns.columns[i];

		cell_clear(&output->cell);
		column->fill(&output->cell, event);
		json_object_set(json, column->key, output->cell.json ?: json_null());
	}
	return json;
}

void print_event(struct event_output *output, const struct told_event *event)
{
	if (output->json) {
		print_json(event_json(output, event));
		return;
	}
	for (size_t i = 0; i < output->columns.nr; i++) {
		const struct event_column *column = output->columns.columns[i];
		const char *text;

		cell_clear(&output->cell);
		column->fill(&output->cell, event);
		text = lock_buffer_text(&output->cell.text);
		print_text(*text ? text : "-", column->width, i + 1 == output->columns.nr);
	}
}

void print_lost(struct event_output *output, uint64_t nr)
{
	json_t *json;

	if (output->json) {
		json = notice_json(output, "lost");
		json_object_set_new(json, "lost", json_integer(nr));
		print_json(json);
		return;
	}
	cell_clear(&output->cell);
	event_fill_time(&output->cell, now());
	printf("%s  lost       %" PRIu64 " events\n", lock_buffer_text(&output->cell.text), nr);
}
