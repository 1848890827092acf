// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SO_PEEK_OFF makes MSG_PEEK walk through the queue. It belongs to the socket, so it is put back, and nothing that
 * may take its time is done before that: whoever kills this program meanwhile leaves it as it is.
 *
 * Content is read twice, for the first look says how much there is and may be for a check alone. A datagram
 * without a byte is marked by the kernel when it was peeked at, and passed over from then on: its place is kept.
 *
 * In a stream the kernel gives bytes that come before descriptors together with those that they came with, and
 * there is no telling them apart: after a restore the descriptors come with the first of these bytes.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dump/files/options.h"
#include "dump/files/queue.h"
#include "dump/files/source.h"
#include "sk-queues.pb-c.h"

/* The kernel lets 253 descriptors be in a message; beside them credentials and labels. */
#define SCM_RIGHTS_MAX 253
#define CONTROL_ROOM   4096
/* Part of what a sender may have queued is the kernel's. */
#define STREAM_OVERHEAD	 32
#define STREAM_PIECE_MAX (4 << 20)

struct walk {
	struct dump_files *files;
	const struct dump_file *file;
	int fd, was; /* the socket's own offset */
	bool stream, ended;
	char *piece;
	size_t size;
	uint64_t offset;
};

static int set_offset(const struct walk *walk, int offset)
{
	while (setsockopt(walk->fd, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof(offset))) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

static int begin(struct walk *walk)
{
	return options_number(walk->fd, SOL_SOCKET, SO_PEEK_OFF, &walk->was);
}

/* Puts it back. @ret: of what was done with it. Returns: @ret or a negative errno value. */
static int end(const struct walk *walk, int ret)
{
	int one = set_offset(walk, walk->was);

	return ret ? ret : one;
}

/* Of a stream as much as one sender can have queued; of datagrams the first look takes the length only. */
static int make_piece(struct walk *walk)
{
	int size = 0, ret = 0;

	if (walk->stream)
		ret = options_number(walk->fd, SOL_SOCKET, SO_SNDBUF, &size);
	if (ret)
		return ret;
	size = size > STREAM_PIECE_MAX ? STREAM_PIECE_MAX : size;
	walk->size = size > STREAM_OVERHEAD ? size - STREAM_OVERHEAD : 1;
	walk->piece = malloc(walk->size);
	return walk->piece ? 0 : -ENOMEM;
}

/* Ancillary data ----------------------------------------------------------------------------------- */

static int nth_right(const struct cmsghdr *header, size_t i)
{
	int fd;

	memcpy(&fd, CMSG_DATA(header) + i * sizeof(fd), sizeof(fd));
	return fd;
}

static size_t nr_rights(const struct cmsghdr *header)
{
	return (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
}

static void close_rights(const struct cmsghdr *header)
{
	for (size_t i = 0; i < nr_rights(header); i++)
		close(nth_right(header, i));
}

/* Descriptors that were received become files, or are closed. */
static int take_rights(const struct walk *walk, struct packet *packet, const struct cmsghdr *header)
{
	size_t nr = nr_rights(header);
	struct dump_file **rights;
	int ret = 0;

	rights = calloc(nr + 1, sizeof(*rights));
	if (!rights) {
		close_rights(header);
		return -ENOMEM;
	}
	/* The kernel puts all of a message together. */
	free(packet->rights);
	packet->rights = rights;
	packet->nr_rights = 0;
	for (size_t i = 0; i < nr; i++) {
		if (ret)
			close(nth_right(header, i));
		else
			ret = files_add_in_flight(walk->files, nth_right(header, i), walk->file, &rights[i]);
		packet->nr_rights += !ret;
	}
	return ret;
}

static void take_sender(struct packet *packet, const struct cmsghdr *header)
{
	struct ucred sender;

	memcpy(&sender, CMSG_DATA(header), sizeof(sender));
	/* Nobody: the message was sent when no one asked for credentials. */
	if (!sender.pid)
		return;
	packet->has_sender = true;
	packet->pid = sender.pid;
	packet->uid = sender.uid;
	packet->gid = sender.gid;
}

static int take_control(const struct walk *walk, struct packet *packet, struct msghdr *message)
{
	int ret = 0;

	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
		int one = 0;

		if (header->cmsg_level != SOL_SOCKET)
			continue;
		if (header->cmsg_type == SCM_RIGHTS && nr_rights(header) <= SCM_RIGHTS_MAX)
			one = take_rights(walk, packet, header);
		else if (header->cmsg_type == SCM_CREDENTIALS)
			take_sender(packet, header);
		ret = ret ? ret : one;
	}
	if (!ret && message->msg_flags & MSG_CTRUNC)
		file_block(walk->files, walk->file,
			   "a unix socket with a message whose descriptors could not be received");
	return ret;
}

/* Looking ------------------------------------------------------------------------------------------ */

static ssize_t peek(const struct walk *walk, struct msghdr *message, void *control, size_t room,
		    struct iovec *piece)
{
	*message = (struct msghdr){
		.msg_iov = piece,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = room,
	};
	return recvmsg(walk->fd, message,
		       MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC | (walk->stream ? 0 : MSG_TRUNC));
}

static struct packet *add_packet(struct queue *queue)
{
	struct packet *packets = files_grow(queue->packets, queue->nr, sizeof(*packets));

	if (!packets)
		return NULL;
	queue->packets = packets;
	packets[queue->nr] = (struct packet){ 0 };
	return &packets[queue->nr++];
}

/* Returns: 1, 0 at the end, or a negative errno value. */
static int look_at_next(struct walk *walk, struct queue *queue)
{
	char control[CONTROL_ROOM] __attribute__((aligned(8)));
	struct iovec piece = { walk->piece, walk->stream ? walk->size : 0 };
	struct packet *packet;
	struct msghdr message;
	ssize_t n = peek(walk, &message, control, sizeof(control), &piece);
	int ret;

	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	/* Of packets the end and one without a byte look the same where no more can come. */
	if (!n && (walk->ended || walk->stream))
		return 0;
	packet = add_packet(queue);
	if (!packet)
		return -ENOMEM;
	packet->length = n;
	ret = take_control(walk, packet, &message);
	walk->offset += n;
	if (!ret)
		ret = set_offset(walk, walk->offset);
	return ret ? ret : 1;
}

/* The end of a stream is not tried: an error that waits there is the target's to get. */
static int look_at_all(struct walk *walk, struct queue *queue)
{
	int left = 0, ret = 1;

	if (walk->stream && ioctl(walk->fd, SIOCINQ, &left))
		return -errno;
	while (ret > 0 && (!walk->stream || walk->offset < (uint64_t)left))
		ret = look_at_next(walk, queue);
	if (!ret && walk->stream && walk->offset < (uint64_t)left)
		file_block(walk->files, walk->file,
			   "a unix socket with %d bytes in its queue of which only %llu could be read", left,
			   (unsigned long long)walk->offset);
	return ret < 0 ? ret : 0;
}

int queue_look(struct dump_files *files, const struct dump_file *file, int fd, enum queue_type type,
	       struct queue *queue)
{
	struct walk walk = {
		.files = files,
		.file = file,
		.fd = fd,
		.stream = type == QUEUE_STREAM,
		.ended = type == QUEUE_ENDED,
	};
	int ret = make_piece(&walk);

	if (!ret)
		ret = begin(&walk);
	if (!ret) {
		ret = set_offset(&walk, 0);
		ret = end(&walk, ret ? ret : look_at_all(&walk, queue));
	}
	free(walk.piece);
	return ret;
}

/* Writing ------------------------------------------------------------------------------------------ */

static int write_record(const struct walk *walk, const struct packet *packet)
{
	Image__SkPacketEntry entry = IMAGE__SK_PACKET_ENTRY__INIT;
	Image__ScmEntry scm = IMAGE__SCM_ENTRY__INIT, *list = &scm;
	Image__SkUcredEntry sender = IMAGE__SK_UCRED_ENTRY__INIT;
	uint32_t rights[SCM_RIGHTS_MAX];

	entry.id_for = walk->file->id;
	entry.length = packet->length;
	for (size_t i = 0; i < packet->nr_rights; i++)
		rights[i] = packet->rights[i]->id;
	scm.type = SCM_RIGHTS;
	scm.rights = rights;
	scm.n_rights = packet->nr_rights;
	entry.scm = &list;
	entry.n_scm = packet->nr_rights > 0;
	if (packet->has_sender) {
		sender.pid = packet->pid;
		sender.uid = packet->uid;
		sender.gid = packet->gid;
		entry.ucred = &sender;
	}
	return files_write(walk->files, FILE_IMAGE_SK_QUEUES, &entry.base);
}

/* Without room for descriptors none are received. */
static int read_content(const struct walk *walk, char *content, size_t length)
{
	size_t got = 0;

	while (got < length) {
		struct iovec piece = { content + got, length - got };
		struct msghdr message;
		ssize_t n = -1;

		if (!set_offset(walk, walk->offset + got))
			n = peek(walk, &message, NULL, 0, &piece);
		if (n < 0)
			return -errno;
		if (!n || (!walk->stream && (size_t)n != length))
			return -EIO;
		got += n;
	}
	return 0;
}

static int write_packet(struct walk *walk, const struct packet *packet)
{
	char *content = malloc(packet->length + 1);
	int ret = content ? end(walk, read_content(walk, content, packet->length)) : -ENOMEM;

	if (ret)
		ret = image_error(walk->files->error, ret, walk->file->path, "%s", strerror(-ret));
	else
		ret = write_record(walk, packet);
	if (!ret && packet->length)
		ret = files_write_bytes(walk->files, FILE_IMAGE_SK_QUEUES, content, packet->length);
	walk->offset += packet->length;
	free(content);
	return ret;
}

int queue_write(struct dump_files *files, const struct dump_file *file, enum queue_type type,
		const struct queue *queue)
{
	struct walk walk = { .files = files, .file = file, .stream = type == QUEUE_STREAM };
	int ret = 0;

	if (!queue->nr)
		return 0;
	walk.fd = source_duplicate(files, &file->source);
	ret = walk.fd < 0 ? walk.fd : begin(&walk);
	if (ret)
		return image_error(files->error, ret, file->path, "%s", strerror(-ret));
	for (size_t i = 0; !ret && i < queue->nr; i++)
		ret = write_packet(&walk, &queue->packets[i]);
	close(walk.fd);
	return ret;
}

void queue_clear(struct queue *queue)
{
	for (size_t i = 0; i < queue->nr; i++)
		free(queue->packets[i].rights);
	free(queue->packets);
}
