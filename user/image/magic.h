/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The numbers that images begin with: but for the inventory, one that says that it is an image and one that
 * says which. Raw images (pages) have none.
 */
#ifndef IMAGE_MAGIC_H
#define IMAGE_MAGIC_H

#define IMAGE_MAGIC_COMMON	0x54564319
#define IMAGE_MAGIC_SERVICE	0x55105940
#define IMAGE_MAGIC_INVENTORY	0x58313116
#define IMAGE_MAGIC_PSTREE	0x50273030
#define IMAGE_MAGIC_CORE	0x55053847
#define IMAGE_MAGIC_IDS		0x54432030
#define IMAGE_MAGIC_MM		0x57492820
#define IMAGE_MAGIC_PAGEMAP	0x56084025
#define IMAGE_MAGIC_FDINFO	0x56213732
#define IMAGE_MAGIC_FILES	0x56303138
#define IMAGE_MAGIC_FS		0x51403912
#define IMAGE_MAGIC_FILELOCKS	0x54323616
#define IMAGE_MAGIC_REMAP_FPATH 0x59133954
#define IMAGE_MAGIC_GHOST_FILE	0x52583605
#define IMAGE_MAGIC_PIPES_DATA	0x56453709
#define IMAGE_MAGIC_FIFO_DATA	0x59333054
#define IMAGE_MAGIC_SK_QUEUES	0x56264026
#define IMAGE_MAGIC_TTY_INFO	0x59453036
#define IMAGE_MAGIC_TTY_DATA	0x59413026
#define IMAGE_MAGIC_MEMFD	0x48453499
#define IMAGE_MAGIC_TIMENS	0x43114433
#define IMAGE_MAGIC_STATS	0x57093306
/* Ours; the first is "crlk" in memory. */
#define IMAGE_MAGIC_CRLOCK    0x6b6c7263
#define IMAGE_MAGIC_CHECKSUMS 0x6b636863

#define IMAGE_INVENTORY "inventory.img"
/* Its name until all else is there: what is without an inventory is no checkpoint. */
#define IMAGE_INVENTORY_NEW "inventory.new"
#define IMAGE_FILELOCKS	    "filelocks.img"
#define IMAGE_CRLOCK	    "crlock.img"
#define IMAGE_CHECKSUMS	    "checksums.img"

#endif
