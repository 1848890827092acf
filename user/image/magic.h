/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The numbers that images begin with: but for the inventory, one that says that it is an image and one that
 * says which.
 */
#ifndef IMAGE_MAGIC_H
#define IMAGE_MAGIC_H

#define IMAGE_MAGIC_COMMON    0x54564319
#define IMAGE_MAGIC_INVENTORY 0x58313116
#define IMAGE_MAGIC_FILELOCKS 0x54323616
/* Ours: "crlk" in memory. */
#define IMAGE_MAGIC_CRLOCK 0x6b6c7263

#define IMAGE_INVENTORY "inventory.img"
#define IMAGE_FILELOCKS "filelocks.img"
#define IMAGE_CRLOCK	"crlock.img"

#endif
