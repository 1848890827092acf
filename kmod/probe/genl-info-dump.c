// SPDX-License-Identifier: GPL-2.0-only
/* Linux 6.6, 7288dd2fd488: a dump's attributes are in its struct genl_info. */
#include <net/genetlink.h>

struct nlattr **probe(struct netlink_callback *cb);
struct nlattr **probe(struct netlink_callback *cb)
{
	return genl_info_dump(cb)->attrs;
}
