/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For cppcheck, which looks at the module without the kernel's headers: what begins a loop there, and what it sets.
 */
void *some_pointer(void);
int some_number(void);

#define list_for_each(at, head)		      for (at = some_pointer(); some_number(); at = some_pointer())
#define list_for_each_entry(at, head, member) for (at = some_pointer(); some_number(); at = some_pointer())
#define list_for_each_entry_safe(at, next, head, member) \
	for (at = some_pointer(), next = some_pointer(); some_number(); at = next)
#define hlist_for_each_entry(at, head, member) for (at = some_pointer(); some_number(); at = some_pointer())
#define hlist_for_each_entry_safe(at, next, head, member) \
	for (at = some_pointer(), next = some_pointer(); some_number(); at = next)
#define for_each_thread(process, at) for (at = some_pointer(); some_number(); at = some_pointer())
#define for_each_vma(iterator, at)   for (at = some_pointer(); some_number(); at = some_pointer())
#define nlmsg_for_each_attr(at, message, length, rest) \
	for (at = some_pointer(), rest = some_number(); some_number(); at = some_pointer())
