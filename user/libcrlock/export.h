/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CRLOCK_EXPORT_H
#define CRLOCK_EXPORT_H

/* Of a function of crlock.h; libcrlock.map names it too. */
#define CRLOCK_EXPORT __attribute__((visibility("default")))

#endif
