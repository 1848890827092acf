// SPDX-License-Identifier: GPL-2.0-or-later
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "image/ending_signals.h"
#include "image/stream.h"

/* What a stream begins with. */
struct opening {
	char magic[8];
	uint32_t version;
	uint32_t zero;
};

/* Of a frame, as it is in the stream. */
struct head {
	uint32_t type;
	uint32_t member;
	uint64_t offset;
	uint32_t size;
	uint32_t check;
};

static struct opening make_opening(void)
{
	struct opening opening = { .version = htole32(STREAM_VERSION) };

	memcpy(opening.magic, STREAM_MAGIC, sizeof(opening.magic));
	return opening;
}

static uint32_t check_of(uint32_t before, const struct head *head, const void *data, size_t size)
{
	uint32_t check = crc32(before, (const Bytef *)head, offsetof(struct head, check));

	return size ? crc32(check, data, size) : check;
}

/* Waiting ------------------------------------------------------------------------------------------ */

/* The signals stay: they are acted on when all is in order again, and nobody blocks them any more. */
static int watch_signals(void)
{
	sigset_t set;

	ending_signals(&set);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static int await(int fd, short events, int signals)
{
	struct pollfd polled[] = { { .fd = fd, .events = events }, { .fd = signals, .events = POLLIN } };

	while (poll(polled, 2, -1) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return polled[1].revents ? -EINTR : 0;
}

/* Writing ------------------------------------------------------------------------------------------ */

struct stream_writer {
	int fd; /* borrowed */
	int out; /* the same, or one of our own that does not block */
	int signals;
	int failed; /* 0 or a negative errno value */
	uint32_t check;
	uint32_t nr_members;
	size_t used;
	uint8_t buffer[1 << 16];
};

static int write_all(struct stream_writer *writer, const uint8_t *data, size_t size)
{
	while (size && !writer->failed) {
		ssize_t n = write(writer->out, data, size);

		if (n >= 0) {
			data += n;
			size -= n;
		} else if (errno == EAGAIN) {
			writer->failed = await(writer->out, POLLOUT, writer->signals);
		} else if (errno != EINTR) {
			writer->failed = -errno;
		}
	}
	return writer->failed;
}

static int flush(struct stream_writer *writer)
{
	size_t size = writer->used;

	writer->used = 0;
	return write_all(writer, writer->buffer, size);
}

static int put(struct stream_writer *writer, const void *data, size_t size)
{
	if (!size)
		return writer->failed;
	if (size > sizeof(writer->buffer) - writer->used)
		flush(writer);
	if (size > sizeof(writer->buffer))
		return write_all(writer, data, size);
	memcpy(writer->buffer + writer->used, data, size);
	writer->used += size;
	return writer->failed;
}

/* Others who have the pipe too need not know that we do not want to block. */
static int without_blocking(int fd)
{
	char path[32];
	struct stat st;
	int out = -1;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!fstat(fd, &st) && S_ISFIFO(st.st_mode))
		out = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	return out < 0 ? fd : out;
}

int stream_writer_open(struct stream_writer **out, int fd)
{
	struct stream_writer *writer = malloc(sizeof(*writer));
	const struct opening opening = make_opening();

	*out = writer;
	if (!writer)
		return -ENOMEM;
	writer->fd = fd;
	writer->out = without_blocking(fd);
	writer->signals = watch_signals();
	writer->failed = 0;
	writer->check = crc32(0, (const Bytef *)&opening, sizeof(opening));
	writer->nr_members = 0;
	writer->used = 0;
	return put(writer, &opening, sizeof(opening));
}

static int write_frame(struct stream_writer *writer, enum stream_type type, uint32_t member, uint64_t offset,
		       const void *data, size_t size)
{
	struct head head = {
		.type = htole32(type),
		.member = htole32(member),
		.offset = htole64(offset),
		.size = htole32(size),
	};
	int ret;

	writer->check = check_of(writer->check, &head, data, size);
	head.check = htole32(writer->check);
	ret = put(writer, &head, sizeof(head));
	return ret ? ret : put(writer, data, size);
}

int stream_write(struct stream_writer *writer, enum stream_type type, uint32_t member, uint64_t offset,
		 const void *data, size_t size)
{
	const uint8_t *bytes = data;
	int ret;

	do {
		size_t part = size < STREAM_DATA_MAX ? size : STREAM_DATA_MAX;

		ret = write_frame(writer, type, member, offset, bytes, part);
		bytes += part;
		offset += part;
		size -= part;
	} while (size && !ret);
	return ret;
}

int stream_create(struct stream_writer *writer, const char *name, uint32_t *member)
{
	*member = ++writer->nr_members;
	return stream_write(writer, STREAM_CREATE, *member, 0, name, strlen(name));
}

/* For nobody to take the file for a whole stream, which may not be what the disk has. */
static void take_end_back(struct stream_writer *writer)
{
	off_t end = lseek(writer->fd, 0, SEEK_CUR);

	if (end < (off_t)sizeof(struct head) || ftruncate(writer->fd, end - sizeof(struct head)))
		return;
	lseek(writer->fd, -(off_t)sizeof(struct head), SEEK_CUR);
}

int stream_end(struct stream_writer *writer)
{
	int ret = stream_write(writer, STREAM_END, 0, 0, NULL, 0);

	ret = ret ? ret : flush(writer);
	/* What is no file has no disk. */
	if (!ret && fsync(writer->fd) && errno != EINVAL && errno != EROFS) {
		ret = -errno;
		take_end_back(writer);
	}
	writer->failed = ret ? ret : -ESHUTDOWN;
	return ret;
}

void stream_writer_close(struct stream_writer *writer)
{
	if (!writer)
		return;
	if (writer->out != writer->fd)
		close(writer->out);
	if (writer->signals >= 0)
		close(writer->signals);
	free(writer);
}

/* Reading ------------------------------------------------------------------------------------------ */

struct stream_reader {
	int fd;
	int signals;
	const char *name;
	uint32_t check;
	uint64_t offset; /* in the stream, of the frame that was read last */
	uint64_t next;
	size_t from, to; /* what is in the buffer */
	uint8_t buffer[sizeof(struct head) + STREAM_DATA_MAX];
};

int stream_wrong(const struct stream_reader *reader, const struct image_error *error, const char *what)
{
	return image_error(error, -EBADMSG, reader->name, "at byte %" PRIu64 " of the stream: %s",
			   reader->offset, what);
}

static int read_fails(const struct stream_reader *reader, int ret, const struct image_error *error)
{
	return image_error(error, ret, reader->name, "%s", strerror(-ret));
}

/* Returns: how many bytes were read, 0 at the end, or a negative errno value. */
static ssize_t read_some(struct stream_reader *reader)
{
	ssize_t n;

	do {
		int ret = await(reader->fd, POLLIN, reader->signals);

		if (ret)
			return ret;
		n = read(reader->fd, reader->buffer + reader->to, sizeof(reader->buffer) - reader->to);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n > 0)
		reader->to += n;
	return n < 0 ? -errno : n;
}

/* Has so many bytes in the buffer. Returns: 0, -ENODATA if the stream has fewer, or another errno value. */
static int fetch(struct stream_reader *reader, size_t size)
{
	if (reader->to - reader->from < size && reader->from) {
		memmove(reader->buffer, reader->buffer + reader->from, reader->to - reader->from);
		reader->to -= reader->from;
		reader->from = 0;
	}
	while (reader->to - reader->from < size) {
		ssize_t n = read_some(reader);

		if (n <= 0)
			return n ? n : -ENODATA;
	}
	return 0;
}

static const uint8_t *take(struct stream_reader *reader, size_t size)
{
	const uint8_t *bytes = reader->buffer + reader->from;

	reader->from += size;
	reader->next += size;
	return bytes;
}

static int read_opening(struct stream_reader *reader, const struct image_error *error)
{
	const struct opening wanted = make_opening();
	struct opening opening;
	int ret = fetch(reader, sizeof(opening));

	if (ret == -ENODATA && reader->to == 0)
		return image_error(error, -EBADMSG, reader->name, "there is nothing");
	if (ret && ret != -ENODATA)
		return read_fails(reader, ret, error);
	if (ret || memcmp(reader->buffer, wanted.magic, sizeof(wanted.magic)))
		return image_error(error, -EBADMSG, reader->name, "is no stream of crdump");
	memcpy(&opening, take(reader, sizeof(opening)), sizeof(opening));
	if (opening.version != wanted.version)
		return image_error(error, -EBADMSG, reader->name,
				   "is a stream of version %" PRIu32 ", not %d", le32toh(opening.version),
				   STREAM_VERSION);
	reader->check = crc32(0, (const Bytef *)&opening, sizeof(opening));
	return 0;
}

int stream_reader_open(struct stream_reader **out, int fd, const char *name, const struct image_error *error)
{
	struct stream_reader *reader = malloc(sizeof(*reader));

	*out = reader;
	if (!reader)
		return image_error(error, -ENOMEM, name, "%s", strerror(ENOMEM));
	reader->fd = fd;
	reader->signals = watch_signals();
	reader->name = name;
	reader->offset = reader->next = 0;
	reader->from = reader->to = 0;
	return read_opening(reader, error);
}

static int need(struct stream_reader *reader, size_t size, const struct image_error *error)
{
	int ret = fetch(reader, size);

	if (ret == -ENODATA)
		return stream_wrong(reader, error, "it ends before it is complete");
	return ret ? read_fails(reader, ret, error) : 0;
}

static int read_end(struct stream_reader *reader, const struct image_error *error)
{
	int ret;

	reader->offset = reader->next;
	ret = fetch(reader, 1);
	if (!ret)
		return stream_wrong(reader, error, "it goes on behind its end");
	return ret == -ENODATA ? 0 : read_fails(reader, ret, error);
}

int stream_read(struct stream_reader *reader, struct stream_frame *frame, const struct image_error *error)
{
	struct head head;
	int ret;

	reader->offset = reader->next;
	ret = need(reader, sizeof(head), error);
	if (ret)
		return ret;
	memcpy(&head, take(reader, sizeof(head)), sizeof(head));
	*frame = (struct stream_frame){
		.type = le32toh(head.type),
		.member = le32toh(head.member),
		.offset = le64toh(head.offset),
		.size = le32toh(head.size),
	};
	if (frame->size > STREAM_DATA_MAX)
		return stream_wrong(reader, error, "it is damaged");
	ret = need(reader, frame->size, error);
	if (ret)
		return ret;
	frame->data = take(reader, frame->size);
	reader->check = check_of(reader->check, &head, frame->data, frame->size);
	if (le32toh(head.check) != reader->check)
		return stream_wrong(reader, error, "it is damaged");
	return frame->type == STREAM_END ? read_end(reader, error) : 0;
}

void stream_reader_close(struct stream_reader *reader)
{
	if (!reader)
		return;
	if (reader->signals >= 0)
		close(reader->signals);
	free(reader);
}
