// SPDX-License-Identifier: GPL-2.0-only
/* Linux 6.3, 5970e15dbcfe: locks have a header of their own. */
#include <linux/filelock.h>
