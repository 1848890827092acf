/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRLOCK_MAIN_H
#define CRLOCK_MAIN_H

#define CRLOCK_VERSION "0.1.0"

#endif
