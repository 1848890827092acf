/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ids for kernel objects: keyed hashes of their addresses. They can be compared and tell nothing else.
 */
#ifndef CRLOCK_ID_H
#define CRLOCK_ID_H

#include <linux/siphash.h>

extern siphash_key_t crlock_id_key;

void crlock_id_init(void);

/**
 * crlock_id_of_address - The id of the object at an address that was noted as a number.
 * @address: the address, or 0
 *
 * Return: the id, 0 only for address 0.
 */
static inline u64 crlock_id_of_address(u64 address)
{
	return address ? siphash_1u64(address, &crlock_id_key) ?: 1 : 0;
}

/** crlock_id - The id of an object, 0 only for NULL. It need not live. */
static inline u64 crlock_id(const void *object)
{
	return crlock_id_of_address((unsigned long)object);
}

#endif
