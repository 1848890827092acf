// SPDX-License-Identifier: GPL-2.0-only
/*
 * crlock: reports file locks, their holders and the state of threads, read-only.
 */
#include <linux/module.h>

#include "id.h"
#include "main.h"
#include "netlink.h"

static int __init crlock_init(void)
{
	crlock_id_init();
	return crlock_netlink_init();
}

static void __exit crlock_exit(void)
{
	crlock_netlink_exit();
}

module_init(crlock_init);
module_exit(crlock_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The crlock authors");
MODULE_DESCRIPTION("File locks, their holders and the state of threads, over generic netlink");
MODULE_VERSION(CRLOCK_VERSION);
MODULE_ALIAS_GENL_FAMILY("crlock");
