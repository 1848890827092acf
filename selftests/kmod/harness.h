/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KMOD_HARNESS_H
#define KMOD_HARNESS_H

/* Of <linux/fcntl.h>, which cannot be included beside <fcntl.h>. */
#ifndef F_GETOWNER_UIDS
#define F_GETOWNER_UIDS 17
#endif

/* The harness's FIXTURE_SETUP() makes functions without. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#include "kselftest_harness.h"

/* Emulated CPUs that others keep busy are slow, and more so if the
 * kernel watches itself; nothing here waits for the time to pass. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 600

#endif
