// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Does what is wrong, for what watches the kernel to be seen at work. It is never kept: loading it fails.
 */
#include <linux/list.h>
#include <linux/module.h>
#include <linux/refcount.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>

static char *kind = "";
module_param(kind, charp, 0);
MODULE_PARM_DESC(kind, "which fault");

/* The compiler is not to see through what is done with these. */
static volatile int three = 3;
static void *volatile kept;

static void use_after_free(void)
{
	volatile char *byte = kmalloc(64, GFP_KERNEL);

	kept = (void *)byte;
	kfree((void *)byte);
	byte = kept;
	byte[three] = 1;
}

static void out_of_bounds(void)
{
	volatile char *bytes = kmalloc(61, GFP_KERNEL);

	if (bytes)
		bytes[58 + three] = 1;
	kfree((void *)bytes);
}

static void out_of_bounds_of_pages(void)
{
	volatile char *bytes = vmalloc(PAGE_SIZE + 1);

	if (bytes)
		bytes[PAGE_SIZE - 2 + three] = 1;
	vfree((void *)bytes);
}

static void index_out_of_bounds(void)
{
	static volatile int array[4];

	array[three + 1] = 1;
}

static void leak(void)
{
	int i;

	/* One of them may be in a register or on the stack still. */
	for (i = 0; i < 32; i++)
		kept = kmalloc(1234, GFP_KERNEL);
	kept = NULL;
}

static void sleep_in_atomic(void)
{
	static DEFINE_SPINLOCK(lock);

	spin_lock(&lock);
	might_sleep();
	spin_unlock(&lock);
}

static void shift_too_far(void)
{
	volatile int bits = 29 + three;

	bits = three << bits;
}

static void list_broken(void)
{
	static LIST_HEAD(list);
	static struct list_head entry;

	list_add(&entry, &list);
	entry.next = &entry;
	list_del(&entry);
}

static void counted_below_zero(void)
{
	refcount_t count = REFCOUNT_INIT(1);

	refcount_dec(&count);
	refcount_dec(&count);
}

static void locked_in_either_order(void)
{
	static DEFINE_SPINLOCK(a);
	static DEFINE_SPINLOCK(b);

	spin_lock(&a);
	spin_lock(&b);
	spin_unlock(&b);
	spin_unlock(&a);
	spin_lock(&b);
	spin_lock(&a);
	spin_unlock(&a);
	spin_unlock(&b);
}

static const struct {
	const char *name;
	void (*fault)(void);
} kinds[] = {
	{ "use-after-free", use_after_free },
	{ "out-of-bounds", out_of_bounds },
	{ "out-of-bounds-of-pages", out_of_bounds_of_pages },
	{ "index", index_out_of_bounds },
	{ "leak", leak },
	{ "sleep-in-atomic", sleep_in_atomic },
	{ "shift", shift_too_far },
	{ "list", list_broken },
	{ "refcount", counted_below_zero },
	{ "lock-order", locked_in_either_order },
};

static int __init fault_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(kinds[i].name, kind) == 0) {
			kinds[i].fault();
			return -EAGAIN;
		}
	}
	return -EINVAL;
}
module_init(fault_init);

MODULE_DESCRIPTION("What is wrong, to be seen");
MODULE_LICENSE("GPL");
