/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exit statuses of crdump(8) and crrestore(8).
 */
#ifndef IMAGE_STATUS_H
#define IMAGE_STATUS_H

enum {
	STATUS_OK = 0,
	STATUS_IN_THE_WAY = 1, /* locks, descriptors or processes are not as they must be */
	STATUS_USAGE = 2,
	STATUS_NO_PROCESS = 3, /* not there, or not permitted */
	STATUS_IMAGE = 4, /* the directory or an image */
	STATUS_MODULE = 5,
	STATUS_CANNOT_RUN = 126, /* the command */
	STATUS_NOT_FOUND = 127, /* the command */
};

#endif
