// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Timers are set when all else is done: the time that this takes is not taken from them.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <time.h>

#include "restore/files/room.h"

#ifndef TFD_IOC_SET_TICKS
#define TFD_IOC_SET_TICKS _IOW('T', 0, uint64_t)
#endif

#define NSEC_PER_SEC 1000000000UL

static bool describe(struct restored_file *file)
{
	const Image__TimerfdEntry *tfd = file->entry->tfd;

	if (!tfd || tfd->id != file->id || tfd->clockid > INT32_MAX || tfd->vnsec >= NSEC_PER_SEC ||
	    tfd->insec >= NSEC_PER_SEC || tfd->vsec > INT64_MAX / 2 || tfd->isec > INT64_MAX / 2 ||
	    tfd->settime_flags & ~(uint32_t)(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))
		return false;
	file->flags = tfd->flags;
	file->fown = tfd->fown;
	return true;
}

static int open_timerfd(struct restore_files *files, struct restored_file *file,
			const struct image_error *error)
{
	int flags = TFD_CLOEXEC | (file->flags & TFD_NONBLOCK);

	return files_keep(files, file, files_result(timerfd_create(file->entry->tfd->clockid, flags)), error);
}

/* The time that was left, from now on. */
static void make_absolute(struct timespec *value, clockid_t clock)
{
	struct timespec now = { 0 };

	clock_gettime(clock, &now);
	value->tv_sec += now.tv_sec;
	value->tv_nsec += now.tv_nsec;
	if (value->tv_nsec >= (long)NSEC_PER_SEC) {
		value->tv_sec++;
		value->tv_nsec -= NSEC_PER_SEC;
	}
}

/* Only a timer that has expired goes on by itself when the ticks are read. */
static void expire(int fd, struct itimerspec *time)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	time->it_value.tv_nsec = 1;
	if (!timerfd_settime(fd, 0, time, NULL))
		poll(&poll_fd, 1, 1000);
}

static int finish(struct restore_files *files, struct restored_file *file, const struct image_error *error)
{
	const Image__TimerfdEntry *tfd = file->entry->tfd;
	struct itimerspec time = {
		.it_value = { tfd->vsec, tfd->vnsec },
		.it_interval = { tfd->isec, tfd->insec },
	};
	bool armed = tfd->vsec || tfd->vnsec, periodic = tfd->isec || tfd->insec;

	if (armed && tfd->settime_flags & TFD_TIMER_ABSTIME)
		make_absolute(&time.it_value, tfd->clockid);
	if (!armed && periodic && tfd->ticks)
		expire(file->fd, &time);
	else if (timerfd_settime(file->fd, armed ? tfd->settime_flags : 0, &time, NULL))
		return files_fail(files, file, error);
	if (tfd->ticks && ioctl(file->fd, TFD_IOC_SET_TICKS, &tfd->ticks))
		return files_fail(files, file, error);
	return 0;
}

const struct file_kind timerfd_kind = {
	.name = "timerfd",
	.describe = describe,
	.open = open_timerfd,
	.finish = finish,
};
