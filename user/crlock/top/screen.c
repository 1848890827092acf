// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <curses.h>

#include "crlock/top/screen.h"
#include "crlock/top/view.h"

/* After an Escape the rest of a key's sequence comes at once, or in so many milliseconds from far away. */
#define ESCAPE_MS 50

static SCREEN *terminal;

int screen_start(void)
{
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return -ENOTTY;
	/* initscr() would end the program itself. */
	terminal = newterm(NULL, stdout, stdin);
	if (!terminal)
		return -ENODEV;
	set_term(terminal);
	set_escdelay(ESCAPE_MS);
	cbreak();
	noecho();
	nonl();
	curs_set(0);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	return 0;
}

void screen_end(void)
{
	if (!terminal)
		return;
	endwin();
	delscreen(terminal);
	terminal = NULL;
}

void screen_resize(void)
{
	struct winsize size;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col)
		resizeterm(size.ws_row, size.ws_col);
}

size_t screen_height(void)
{
	return LINES;
}

size_t screen_width(void)
{
	return COLS;
}

void screen_put(size_t at, const char *text, bool stands_out)
{
	if (at >= screen_height())
		return;
	move(at, 0);
	clrtoeol();
	attrset(stands_out ? A_REVERSE : A_NORMAL);
	addnstr(text, -1);
	attrset(A_NORMAL);
}

void screen_clear_below(size_t at)
{
	if (at >= screen_height())
		return;
	move(at, 0);
	clrtobot();
}

void screen_show(void)
{
	refresh();
}

int screen_key(void)
{
	int key = getch();

	switch (key) {
	case ERR:
		return -1;
	case KEY_UP:
		return VIEW_KEY_UP;
	case KEY_DOWN:
		return VIEW_KEY_DOWN;
	case KEY_PPAGE:
		return VIEW_KEY_PAGE_UP;
	case KEY_NPAGE:
		return VIEW_KEY_PAGE_DOWN;
	case KEY_HOME:
		return VIEW_KEY_HOME;
	case KEY_BACKSPACE:
		return '\b';
	case KEY_ENTER:
		return '\n';
	default:
		return key;
	}
}
