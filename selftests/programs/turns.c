// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * turns TABLE - 64 threads hand a turn round. Each has a record of TABLE, which is locked for it, and writes
 * there how many turns it has had. Says after each round how many there were; once there is a file ./stop, all
 * threads end, and it says `all well` if each had its share.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define THREADS 64
#define RECORD	((off_t)sizeof(long))

struct seat {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t has_turn;
	bool turn;
	long turns;
};

static struct seat seats[THREADS];
static int table;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t round_over = PTHREAD_COND_INITIALIZER;
static long rounds;
/* Set before the turn goes on, and read by who has it. */
static bool stop;

static void must(const char *what, bool well)
{
	if (well)
		return;
	printf("%s failed\n", what);
	_exit(1);
}

static void take_turn(struct seat *seat)
{
	pthread_mutex_lock(&seat->mutex);
	while (!seat->turn)
		pthread_cond_wait(&seat->has_turn, &seat->mutex);
	seat->turn = false;
	pthread_mutex_unlock(&seat->mutex);
}

static void give_turn(struct seat *seat)
{
	pthread_mutex_lock(&seat->mutex);
	seat->turn = true;
	pthread_cond_signal(&seat->has_turn);
	pthread_mutex_unlock(&seat->mutex);
}

static void end_round(void)
{
	pthread_mutex_lock(&mutex);
	rounds++;
	stop = !access("stop", F_OK);
	pthread_cond_broadcast(&round_over);
	pthread_mutex_unlock(&mutex);
}

static void *run(void *data)
{
	struct seat *seat = data;
	const int i = seat - seats;
	const off_t record = 2 * i * RECORD;
	long turns;

	for (;;) {
		take_turn(seat);
		if (stop)
			break;
		must("pread", pread(table, &turns, sizeof(turns), record) == RECORD);
		must("the record", turns == seat->turns);
		turns = ++seat->turns;
		must("pwrite", pwrite(table, &turns, sizeof(turns), record) == RECORD);
		if (i == THREADS - 1)
			end_round();
		give_turn(&seats[(i + 1) % THREADS]);
	}
	/* So that those behind it end too. */
	if (i < THREADS - 1)
		give_turn(&seats[i + 1]);
	return NULL;
}

static void report(void)
{
	long told = 0;
	bool over;

	do {
		pthread_mutex_lock(&mutex);
		while (rounds == told)
			pthread_cond_wait(&round_over, &mutex);
		told = rounds;
		over = stop;
		pthread_mutex_unlock(&mutex);
		printf("%ld rounds\n", told);
		/* What it says would be long. */
		usleep(10000);
	} while (!over);
}

static void open_table(const char *path)
{
	table = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	must("open", table >= 0 && !ftruncate(table, 2 * THREADS * RECORD));
}

static void start(int i)
{
	struct flock lock = { .l_type = F_WRLCK, .l_start = 2 * i * RECORD, .l_len = RECORD };

	must("F_SETLK", !fcntl(table, F_SETLK, &lock));
	pthread_mutex_init(&seats[i].mutex, NULL);
	pthread_cond_init(&seats[i].has_turn, NULL);
	must("pthread_create", !pthread_create(&seats[i].thread, NULL, run, &seats[i]));
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	must("reading the command line", argc == 2);
	open_table(argv[1]);
	for (int i = 0; i < THREADS; i++)
		start(i);
	give_turn(&seats[0]);
	report();
	for (int i = 0; i < THREADS; i++) {
		must("pthread_join", !pthread_join(seats[i].thread, NULL));
		must("having a share", seats[i].turns == rounds);
	}
	puts("all well");
	return 0;
}
