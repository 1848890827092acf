// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "criu/words.h"

static bool add(struct words *words, char *word)
{
	char **larger = reallocarray(words->at, words->nr + 2, sizeof(*larger));

	if (!larger)
		return false;
	words->at = larger;
	larger[words->nr++] = word;
	larger[words->nr] = NULL;
	return true;
}

void words_add(struct words *words, const char *format, ...)
{
	va_list args;
	char *word;
	int len;

	va_start(args, format);
	len = vasprintf(&word, format, args);
	va_end(args);
	if (len >= 0 && add(words, word))
		return;
	if (len >= 0)
		free(word);
	words->failed = true;
}

void words_free(struct words *words)
{
	for (size_t i = 0; i < words->nr; i++)
		free(words->at[i]);
	free(words->at);
	*words = (struct words){ 0 };
}
