/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of the rows is seen, in which order, and the lines of it: on a screen, which keys change, or as text.
 */
#ifndef CRLOCK_TOP_VIEW_H
#define CRLOCK_TOP_VIEW_H

#include "crlock/top/columns.h"

#define VIEW_FILTER_MAX 128

struct view {
	const struct top_order *order;
	bool reverse;
	char filter[VIEW_FILTER_MAX]; /* only rows with this in them; empty: all */
	bool typing; /* keys are the filter's */
	bool help;
	size_t from; /* how many rows are above the screen */

	/* What there is to be seen, by view_choose(): */
	struct top_row **rows; /* owned */
	size_t nr;
};

/* What the lines above the rows say. */
struct view_head {
	const struct rows *rows;
	int64_t time; /* seconds since the epoch */
	const char *why; /* there are no events; empty: there are */
	uint64_t lost; /* events */
};

/* Lines above the rows. */
#define VIEW_HEAD 3

enum view_action {
	VIEW_NOTHING,
	VIEW_DRAW, /* the lines have changed */
	VIEW_READ, /* locks are to be read now */
	VIEW_QUIT,
};

/* Keys that have no character; as others, so that who sees does not depend on who reads them. */
enum view_key {
	VIEW_KEY_UP = 0x110000,
	VIEW_KEY_DOWN,
	VIEW_KEY_PAGE_UP,
	VIEW_KEY_PAGE_DOWN,
	VIEW_KEY_HOME,
};

/**
 * view_press - Takes a key: a byte, or one of enum view_key.
 * @height: lines for rows
 */
enum view_action view_press(struct view *view, int key, size_t height);

/**
 * view_choose - Chooses and sorts the rows.
 * @paths: where paths are looked for, if that is needed; may be NULL
 *
 * Returns: 0 or -ENOMEM.
 */
int view_choose(struct view *view, const struct rows *rows, struct paths *paths);

/**
 * view_head - Adds one of the lines above the rows, the last of which has the columns' names.
 * @nr: its number, from 0
 * @width: of the screen; 0: nothing is cut
 */
void view_head(struct lock_buffer *line, const struct view *view, const struct view_head *head, size_t nr,
	       size_t width);

/**
 * view_help - Adds a line of what keys do.
 * @nr: its number, from 0
 *
 * Returns: whether there is one.
 */
bool view_help(struct lock_buffer *line, size_t nr);

/** view_free - Frees what a view owns. */
void view_free(struct view *view);

#endif
