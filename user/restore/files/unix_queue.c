// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages in sockets are sent anew, with the files that are in flight.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "procfs/order.h"
#include "restore/files/socket_options.h"
#include "restore/files/unix.h"
#include "sk-queues.pb-c.h"

/* No socket's buffer holds more. */
#define MESSAGE_MAX (1U << 28)

/* SCM_MAX_FD of the kernel. */
#define RIGHTS_MAX 253

/*
 * What the kernel needs for itself, some hundred bytes for each message, is of the sender's buffer too. Senders of
 * datagrams are many, and each has one; and it may be smaller by now. None is larger than RECORDED_MAX unless root wants it.
 */
#define RECORDED_MIN (1U << 22)
#define RECORDED_MAX (1U << 26)
#define OVERHEAD     4

/* As the doubled value must not overflow. */
#define BUFFER_MAX (INT_MAX / 2)

/* Reading ------------------------------------------------------------------------------------------ */

static int take_rights(struct restore_files *files, struct queued *queued, const Image__ScmEntry *scm)
{
	if (scm->type != SCM_RIGHTS || queued->rights || scm->n_rights > RIGHTS_MAX)
		return -EBADMSG;
	queued->rights = calloc(scm->n_rights + 1, sizeof(*queued->rights));
	if (!queued->rights)
		return -ENOMEM;
	for (size_t i = 0; i < scm->n_rights; i++) {
		queued->rights[i] = files_find(files, scm->rights[i]);
		if (!queued->rights[i])
			return -EBADMSG;
	}
	queued->nr_rights = scm->n_rights;
	return 0;
}

static int take_message(struct restore_files *files, struct queues *queues, struct queued *queued,
			const Image__SkPacketEntry *entry)
{
	int ret = entry->length > MESSAGE_MAX ? -EBADMSG : 0;

	queued->id_for = entry->id_for;
	queued->length = entry->length;
	for (size_t i = 0; !ret && i < entry->n_scm; i++)
		ret = take_rights(files, queued, entry->scm[i]);
	if (entry->ucred) {
		queued->has_creds = queues->has_creds = true;
		queued->creds = (struct ucred){ entry->ucred->pid, entry->ucred->uid, entry->ucred->gid };
	}
	return ret;
}

static int skip(struct image_reader *reader, uint32_t bytes, const struct image_error *error)
{
	char buf[4096];
	int ret = 0;

	while (!ret && bytes) {
		size_t n = bytes < sizeof(buf) ? bytes : sizeof(buf);

		ret = image_read_bytes(reader, buf, n, error);
		bytes -= n;
	}
	return ret;
}

static int take(struct restore_files *files, struct image_reader *reader, ProtobufCMessage *message,
		void *data, const struct image_error *error)
{
	const Image__SkPacketEntry *entry = (const Image__SkPacketEntry *)message;
	struct queues *queues = data;
	struct queued *queued = files_append(&queues->messages, &queues->nr, sizeof(*queued));
	int ret = queued ? take_message(files, queues, queued, entry) : -ENOMEM;

	if (ret == -EBADMSG)
		image_reader_wrong(reader, error, "a message makes no sense");
	if (!ret) {
		queued->offset = reader->next;
		ret = skip(reader, entry->length, error);
	}
	protobuf_c_message_free_unpacked(message, NULL);
	return ret;
}

static int compare(const void *a, const void *b)
{
	const struct queued *x = a, *y = b;

	if (x->id_for != y->id_for)
		return x->id_for < y->id_for ? -1 : 1;
	return (x->offset > y->offset) - (x->offset < y->offset);
}

int unix_queues_read(struct restore_files *files, const struct image_error *error)
{
	struct queues *queues = calloc(1, sizeof(*queues));
	int ret;

	files->rooms.queues = queues;
	if (!queues)
		return image_error(error, -ENOMEM, files->path, "%s", strerror(ENOMEM));
	ret = files_read_image(files, "sk-queues.img", IMAGE_MAGIC_SK_QUEUES,
			       &image__sk_packet_entry__descriptor, take, queues, error);
	if (!ret && queues->nr)
		qsort(queues->messages, queues->nr, sizeof(*queues->messages), compare);
	return ret;
}

/* Sending ------------------------------------------------------------------------------------------ */

/* The first message for a file, or one past the last. */
static size_t find_first(const struct queues *queues, uint32_t id)
{
	return FIRST_NOT(i, queues->nr, queues->messages[i].id_for < id);
}

bool unix_queues_any(const struct restore_files *files, const struct unix_socket *socket)
{
	const struct queues *queues = files->rooms.queues;
	size_t first = find_first(queues, socket->file->id);

	return first < queues->nr && queues->messages[first].id_for == socket->file->id;
}

union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(RIGHTS_MAX * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
};

static void add_control(struct msghdr *message, int type, const void *data, size_t size)
{
	struct cmsghdr *header = (void *)((char *)message->msg_control + message->msg_controllen);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = type;
	header->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(header), data, size);
	message->msg_controllen += CMSG_SPACE(size);
}

static void add_rights(struct msghdr *message, const struct queued *queued)
{
	int fds[RIGHTS_MAX];

	for (size_t i = 0; i < queued->nr_rights; i++)
		fds[i] = queued->rights[i]->fd;
	if (queued->nr_rights)
		add_control(message, SCM_RIGHTS, fds, queued->nr_rights * sizeof(*fds));
}

/* Returns: what sendmsg(2) does, or -errno. */
static ssize_t send_part(int from, const struct queued *queued, char *bytes, size_t size, bool first,
			 bool creds)
{
	union control control = { 0 };
	struct iovec part = { bytes, size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control };
	ssize_t n;

	if (first)
		add_rights(&message, queued);
	if (creds)
		add_control(&message, SCM_CREDENTIALS, &queued->creds, sizeof(queued->creds));
	if (!message.msg_controllen)
		message.msg_control = NULL;
	n = sendmsg(from, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	return n < 0 ? -errno : n;
}

static int send_all(int from, const struct queued *queued, char *bytes, int type)
{
	bool creds = queued->has_creds;
	size_t done = 0;

	/* A message of nothing is one too, but not in a stream. */
	if (!queued->length && type == SOCK_STREAM)
		return 0;
	do {
		ssize_t n = send_part(from, queued, bytes + done, queued->length - done, !done, creds);

		if (n == -ESRCH && creds) {
			/* Whoever sent it has ended: nobody can send in its name. */
			creds = false;
			n = send_part(from, queued, bytes + done, queued->length - done, !done, creds);
		}
		if (n < 0)
			return n;
		done += n;
	} while (done < queued->length);
	return 0;
}

static int send_one(int image, int from, const struct queued *queued, int type)
{
	char *bytes = malloc(queued->length + 1);
	int ret = 0;

	if (!bytes)
		return -ENOMEM;
	if (pread(image, bytes, queued->length, queued->offset) != (ssize_t)queued->length)
		ret = -EBADMSG;
	if (!ret)
		ret = send_all(from, queued, bytes, type);
	free(bytes);
	return ret;
}

/* What the bytes of the messages that begin at @i take, and as much besides as was allowed when they were sent. */
static int buffer_for(const struct queues *queues, size_t i, const struct unix_socket *to)
{
	uint32_t own = to->entry->opts->so_sndbuf, peers = to->peer ? to->peer->entry->opts->so_sndbuf : 0;
	uint64_t recorded = own > peers ? own : peers, size;

	recorded = recorded < RECORDED_MIN ? RECORDED_MIN : recorded > RECORDED_MAX ? RECORDED_MAX : recorded;
	size = OVERHEAD * recorded;
	/* The kernel takes whole pages for them. */
	for (; i < queues->nr && queues->messages[i].id_for == to->file->id; i++)
		size += 2ULL * queues->messages[i].length;
	/* It doubles what is set. */
	return size / 2 < BUFFER_MAX ? size / 2 : BUFFER_MAX;
}

int unix_queues_send(struct restore_files *files, const struct unix_socket *to, int from,
		     const struct image_error *error)
{
	const struct queues *queues = files->rooms.queues;
	size_t i = find_first(queues, to->file->id);
	int image, ret;

	image = image_open(files->dir, "sk-queues.img");
	if (image < 0)
		return image_error(error, image, files->path, "sk-queues.img: %s", strerror(-image));
	/* What waits is of the sender's buffer. */
	ret = socket_set(from, SOL_SOCKET, SO_SNDBUFFORCE, buffer_for(queues, i, to));
	for (; !ret && i < queues->nr && queues->messages[i].id_for == to->file->id; i++)
		ret = send_one(image, from, &queues->messages[i], to->entry->type);
	close(image);
	if (ret == -EAGAIN)
		return image_error(error, -ENOBUFS, files_name(to->file),
				   "more waits in it than a socket with its buffers can hold");
	if (ret)
		image_error(error, ret, files_name(to->file), "what waits in it cannot be sent: %s",
			    strerror(-ret));
	return ret;
}

void unix_queues_free(struct restore_files *files)
{
	struct queues *queues = files->rooms.queues;

	for (size_t i = 0; queues && i < queues->nr; i++)
		free(queues->messages[i].rights);
	if (queues)
		free(queues->messages);
	free(queues);
}
