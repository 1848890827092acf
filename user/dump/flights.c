// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <unistd.h>

#include "dump/flights.h"
#include "locks/append.h"

static int take(const struct dump_files_flight *flight, void *data)
{
	struct flights *flights = data;

	return append(flights->rows, flights->nr, *flight);
}

int flights_read(struct flights *flights, const struct dump_files *files)
{
	return files ? dump_files_each_flight(files, take, flights) : 0;
}

void flights_free(struct flights *flights)
{
	free(flights->rows);
	*flights = (struct flights){ 0 };
}

static bool is_descriptor(const struct crlock_holder *holder, const struct dump_files_flight *flight)
{
	return holder->kind == CRLOCK_HOLDER_DESCRIPTOR && holder->tgid == flight->pid &&
	       holder->fd == flight->fd;
}

bool flights_have_duplicate(const struct flights *flights, const struct crlock_holder *holder)
{
	if (holder->tgid != getpid())
		return false;
	for (size_t i = 0; i < flights->nr; i++) {
		if (is_descriptor(holder, &flights->rows[i]))
			return true;
	}
	return false;
}

const struct crlock_holder *flights_duplicate_of(const struct flights *flights, const struct lock *lock)
{
	for (size_t i = 0; i < lock->nr_holders; i++) {
		if (flights_have_duplicate(flights, &lock->holders[i].row))
			return &lock->holders[i].row;
	}
	return NULL;
}

bool flights_to(const struct flights *flights, const struct crlock_holder *holder)
{
	for (size_t i = 0; holder->kind == CRLOCK_HOLDER_IN_FLIGHT && i < flights->nr; i++) {
		if (flights->rows[i].socket == holder->where)
			return true;
	}
	return false;
}

bool flights_of(const struct dump_files_flight *flight, const struct lock *lock)
{
	for (size_t i = 0; i < lock->nr_holders; i++) {
		if (is_descriptor(&lock->holders[i].row, flight))
			return true;
	}
	return false;
}
