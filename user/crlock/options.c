// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "crlock/options.h"
#include "crlock/say.h"

int options_each(int argc, char **argv, const char *options, const struct option *long_options,
		 int (*take)(void *data, int option), void *data)
{
	int option, status;

	opterr = 0;
	while ((option = getopt_long(argc, argv, options, long_options, NULL)) != -1) {
		if (option == ':')
			return say_usage("%s: needs a value", argv[optind - 1]);
		if (option == '?')
			return say_usage("%s: no such option", argv[optind - 1]);
		status = take(data, option);
		if (status)
			return status;
	}
	return optind < argc ? say_usage("%s: not an option", argv[optind]) : STATUS_OK;
}

int options_each_word(const char *list, int (*take)(void *data, struct proc_text word), void *data)
{
	struct proc_text rest = proc_text(list, strlen(list)), word;
	int status;

	while (proc_text_field(&rest, ',', &word)) {
		status = take(data, word);
		if (status)
			return status;
	}
	return take(data, rest);
}

int options_number_of(struct proc_text word, int (*parse)(const char *name))
{
	char name[16];

	if (proc_text_len(word) >= sizeof(name))
		return -1;
	snprintf(name, sizeof(name), "%.*s", (int)proc_text_len(word), word.at);
	return parse(name);
}

int options_columns(const char *names, int (*add)(void *choice, const char *name, size_t len), void *choice)
{
	const char *name = names + (*names == '+');

	for (;;) {
		size_t len = strcspn(name, ",");
		int err = add(choice, name, len);

		if (err == -E2BIG)
			return say_usage("%s: too many columns", names);
		if (err)
			return say_usage("%.*s: no such column", (int)len, name);
		if (!name[len])
			return STATUS_OK;
		name += len + 1;
	}
}
