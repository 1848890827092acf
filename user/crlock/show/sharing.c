// SPDX-License-Identifier: GPL-2.0-or-later
#include "crlock/show/sharing.h"
#include "locks/format.h"
#include "locks/sharing.h"

static const char *const words[] = {
	[LOCK_SHARED_UNKNOWN] = "unknown",
	[LOCK_SHARED_NO] = "private",
	[LOCK_SHARED_OUTSIDE] = "shared",
};

static json_t *sharing_json(const struct lock *lock)
{
	const struct lock_sharing *sharing = lock->sharing;
	json_t *json = json_object(), *outsiders = json_array();

	for (size_t i = 0; i < sharing->nr; i++)
		json_array_append_new(outsiders, holder_json(lock, &sharing->outsiders[i]));
	json_object_set_new(json, "state", json_string(words[sharing->shared]));
	json_object_set_new(json, "outsiders", outsiders);
	json_object_set_new(json, "left_out", json_integer(sharing->left_out));
	return json;
}

static void add_outsiders(struct lock_buffer *text, const struct lock_sharing *sharing)
{
	lock_format_holder_list(text, sharing->outsiders, sharing->nr, NULL);
	if (!sharing->left_out)
		return;
	lock_buffer_add(text, ",");
	lock_format_left_out(text, sharing);
}

static void fill(struct cell *cell, const struct lock *lock)
{
	if (!lock->sharing)
		cell_unknown(cell);
	else if (cell->is_json)
		cell->json = sharing_json(lock);
	else if (lock->sharing->shared == LOCK_SHARED_OUTSIDE)
		add_outsiders(&cell->text, lock->sharing);
	else
		cell_word(cell, words[lock->sharing->shared]);
}

void sharing_choose(struct column_choice *choice)
{
	static const struct column column = {
		"SHARED", "sharing", 0.1, 0, 0, "who has it too, outside of the tree", fill,
	};

	choice->columns[choice->nr++] = &column;
}
