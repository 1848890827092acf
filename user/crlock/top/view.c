// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crlock/top/fit.h"
#include "crlock/top/view.h"

/* Keys --------------------------------------------------------------------------------------------- */

#define ESCAPE	  0x1b
#define DELETE	  0x7f
#define BACKSPACE 0x08

/* The last character, with all of its bytes. */
static void erase(char *text)
{
	size_t len = strlen(text);

	while (len && (text[len - 1] & 0xc0) == 0x80)
		len--;
	text[len - (len > 0)] = '\0';
}

static enum view_action type(struct view *view, int key)
{
	size_t len = strlen(view->filter);

	view->from = 0;
	if (key == '\n' || key == '\r') {
		view->typing = false;
	} else if (key == ESCAPE) {
		view->typing = false;
		*view->filter = '\0';
	} else if (key == DELETE || key == BACKSPACE) {
		erase(view->filter);
	} else if (key >= ' ' && key < 0x100 && len + 1 < sizeof(view->filter)) {
		view->filter[len] = key;
		view->filter[len + 1] = '\0';
	} else {
		return VIEW_NOTHING;
	}
	return VIEW_DRAW;
}

static void move(struct view *view, bool down, size_t lines)
{
	if (down)
		view->from += lines;
	else
		view->from -= lines < view->from ? lines : view->from;
}

static enum view_action press_order(struct view *view, int key)
{
	const struct top_order *order = order_of_key(key);

	if (!order)
		return VIEW_NOTHING;
	view->order = order;
	view->reverse = false;
	view->from = 0;
	return VIEW_DRAW;
}

enum view_action view_press(struct view *view, int key, size_t height)
{
	if (view->typing)
		return type(view, key);
	if (view->help) {
		view->help = false;
		return key == 'q' ? VIEW_QUIT : VIEW_DRAW;
	}
	switch (key) {
	case 'q':
		return VIEW_QUIT;
	case ' ':
		return VIEW_READ;
	case '/':
		view->typing = true;
		return VIEW_DRAW;
	case 'h':
	case '?':
		view->help = true;
		return VIEW_DRAW;
	case 'r':
		view->reverse = !view->reverse;
		return VIEW_DRAW;
	case 'j':
	case VIEW_KEY_DOWN:
		move(view, true, 1);
		return VIEW_DRAW;
	case 'k':
	case VIEW_KEY_UP:
		move(view, false, 1);
		return VIEW_DRAW;
	case VIEW_KEY_PAGE_DOWN:
		move(view, true, height);
		return VIEW_DRAW;
	case VIEW_KEY_PAGE_UP:
		move(view, false, height);
		return VIEW_DRAW;
	case VIEW_KEY_HOME:
		view->from = 0;
		return VIEW_DRAW;
	default:
		return press_order(view, key);
	}
}

bool view_help(struct lock_buffer *line, size_t nr)
{
	static const char *const lines[] = {
		"q        quit",
		"w o c l p  sort by waiters, oldest wait, churn, how many locks, path",
		"r        the other way round",
		"/        show only rows with a text in them: Enter keeps it, Escape shows all",
		"j k, arrows, page up and down, home  move",
		"blank    read the locks now",
		"",
		"WAITERS  requests and opens that wait there",
		"OLDEST   how long the oldest has waited; > longer than that, ~ events were lost",
		"CHURN/S  how often in a second a lock is taken there, or refused",
		"",
		"crlock-top(8) tells more. Any key goes back.",
	};

	if (nr >= sizeof(lines) / sizeof(*lines))
		return false;
	lock_buffer_add(line, lines[nr]);
	return true;
}

/* Rows --------------------------------------------------------------------------------------------- */

static void drop_others(struct view *view)
{
	size_t nr = 0;

	for (size_t i = 0; i < view->nr; i++) {
		if (columns_match(view->rows[i], view->filter))
			view->rows[nr++] = view->rows[i];
	}
	view->nr = nr;
}

/* Names take longer than all else: only what is seen has any, unless they decide what is. */
int view_choose(struct view *view, const struct rows *rows, struct paths *paths)
{
	int err = 0;

	free(view->rows);
	view->nr = 0;
	view->rows = calloc(rows->table.nr + 1, sizeof(*view->rows));
	if (!view->rows)
		return -ENOMEM;
	for (size_t i = 0; i < rows->table.nr; i++)
		view->rows[view->nr++] = (struct top_row *)rows->table.items[i];
	if (*view->filter || order_wants_names(view->order))
		err = rows_name(view->rows, view->nr, paths);
	if (err)
		return err;
	drop_others(view);
	order_sort(view->rows, view->nr, view->order, view->reverse);
	if (view->from >= view->nr)
		view->from = view->nr ? view->nr - 1 : 0;
	return 0;
}

/* Lines above -------------------------------------------------------------------------------------- */

static void add_title(struct lock_buffer *text, const struct view *view, const struct view_head *head)
{
	const struct rows *rows = head->rows;
	time_t seconds = head->time;
	char clock[16];
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	lock_buffer_format(text, "crlock top %s  %zu locks, %zu waiters, ", clock, rows->nr_locks,
			   rows->nr_waiters);
	if (rows->churn < 0)
		lock_buffer_add(text, "?/s");
	else
		lock_buffer_format(text, "%.1f/s", rows->churn);
	lock_buffer_format(text, "  by %s%s", view->order->name, view->reverse ? ", reversed" : "");
}

/* What is not as it should be comes first; keys are for a screen. */
static void add_note(struct lock_buffer *text, const struct view *view, const struct view_head *head,
		     bool keys)
{
	if (head->lost)
		lock_buffer_format(text,
				   "%" PRIu64 " events were lost: CHURN/S was too low, OLDEST may be (~). ",
				   head->lost);
	if (view->typing || *view->filter) {
		lock_buffer_add(text, "Filter: ");
		lock_buffer_printable(text, view->filter);
		lock_buffer_add(text, view->typing ? "_ " : ". ");
	}
	if (*head->why)
		lock_buffer_format(text, "%s: how often locks are taken is not known", head->why);
	else if (!text->len && keys)
		lock_buffer_add(text, "q quit, w o c l p sort, / filter, h help");
}

void view_head(struct lock_buffer *line, const struct view *view, const struct view_head *head, size_t nr,
	       size_t width)
{
	struct lock_buffer text = { 0 };

	if (nr == 0)
		add_title(&text, view, head);
	else if (nr == 1)
		add_note(&text, view, head, width > 0);
	else
		columns_heading(&text, width);
	fit_add(line, lock_buffer_text(&text), width, width ? 0 : FIT_WHOLE);
	line->failed |= text.failed;
	lock_buffer_free(&text);
}

void view_free(struct view *view)
{
	free(view->rows);
	view->rows = NULL;
	view->nr = 0;
}
