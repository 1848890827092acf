// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ids for kernel objects: keyed hashes of their addresses. They can be compared and tell nothing else.
 */
#include <linux/random.h>
#include <linux/siphash.h>

#include "id.h"

static siphash_key_t crlock_id_key __read_mostly;

/** crlock_id_init - Makes the key. Ids of different loads of the module have nothing in common. */
void crlock_id_init(void)
{
	get_random_bytes(&crlock_id_key, sizeof(crlock_id_key));
}

/**
 * crlock_id_of_address - The id of the object at an address that was noted as a number.
 * @address: the address, or 0
 *
 * Return: the id, 0 only for address 0.
 */
u64 crlock_id_of_address(u64 address)
{
	return address ? siphash_1u64(address, &crlock_id_key) ?: 1 : 0;
}

/** crlock_id - The id of an object, 0 only for NULL. It need not live. */
u64 crlock_id(const void *object)
{
	return crlock_id_of_address((unsigned long)object);
}
