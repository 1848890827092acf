// SPDX-License-Identifier: GPL-2.0-only
/*
 * The key of ids.
 */
#include <linux/random.h>

#include "id.h"

siphash_key_t crlock_id_key __read_mostly;

/** crlock_id_init - Makes the key. Ids of different loads of the module have nothing in common. */
void crlock_id_init(void)
{
	get_random_bytes(&crlock_id_key, sizeof(crlock_id_key));
}
