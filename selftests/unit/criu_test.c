// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What crlock-criu makes of command lines and of messages, and of what is no message: a process of root reads them.
 */
/* links: criu image proto locks procfs : -lprotobuf-c */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#include "kselftest_harness.h"
#include "criu/log.h"
#include "criu/message.h"
#include "criu/options.h"
#include "criu/rpc.h"
#include "image/status.h"

#define NR(array) (sizeof(array) / sizeof(*(array)))

/* What a request becomes, as one text with a bar between words. */
static const char *text_of(const struct request *request)
{
	static char text[8192];
	struct words words = { 0 };
	size_t len = 0;

	request_words(request, &words);
	*text = '\0';
	for (size_t i = 0; i < words.nr && len < sizeof(text); i++)
		len += snprintf(text + len, sizeof(text) - len, "%s%s", i ? "|" : "", words.at[i]);
	words_free(&words);
	return text;
}

/* Command lines ------------------------------------------------------------------------------------- */

/* What a command line becomes, or its exit status. Words have a blank between. */
static const char *command(const char *line)
{
	static char text[8192];
	char copy[1024], *argv[64] = { "crlock-criu" }, *at = copy;
	struct request request;
	int argc = 1, status;

	snprintf(copy, sizeof(copy), "%s", line);
	while ((argv[argc] = strsep(&at, " ")))
		argc++;
	status = options_read(&request, argc, argv);
	if (status == OPTIONS_DONE)
		snprintf(text, sizeof(text), "%s",
			 request.kind == REQUEST_CHECK ? "check" : text_of(&request));
	else
		snprintf(text, sizeof(text), "%d", status);
	request_free(&request);
	return text;
}

static const struct {
	const char *line, *becomes;
} commands[] = {
	{ "dump -t 12", "crdump|--tree=12|--images-dir=." },
	{ "-t 12 dump", "crdump|--tree=12|--images-dir=." },
	{ "dump --tree 12 --images-dir /i", "crdump|--tree=12|--images-dir=/i" },
	{ "dump -t -1 -D -R", "crdump|--tree=-1|--images-dir=-R" },
	{ "dump -t 12 -D i -o log", "crdump|--tree=12|--images-dir=i|--log-file=i/log" },
	{ "dump -t 12 -D i -W w -o log", "crdump|--tree=12|--images-dir=i|--log-file=w/log" },
	{ "dump -t 12 -D i -W w -o /log", "crdump|--tree=12|--images-dir=i|--log-file=/log" },
	{ "dump -t 12 -o log", "crdump|--tree=12|--images-dir=.|--log-file=log" },
	{ "dump -t 12 -v4 -j -R", "crdump|--tree=12|--images-dir=.|--verbose=4|--shell-job|--leave-running" },
	{ "dump -t 12 -vvvv -s", "crdump|--tree=12|--images-dir=.|--verbose=4|--leave-stopped" },
	{ "dump -t 12 -v --no-load", "crdump|--tree=12|--images-dir=.|--verbose=3|--no-load" },
	{ "restore -v0 --no-load", "crrestore|--images-dir=.|--verbose=0|--no-load" },
	{ "dump -t 12 --verbosity=2", "crdump|--tree=12|--images-dir=.|--verbose=2" },
	{ "dump -t 12 --verbosity=5", "2" },
	{ "dump -t 12 --external pipe[3] --external mnt[]:sm",
	  "crdump|--tree=12|--images-dir=.|--external=pipe[3]|--external=mnt[]:sm" },
	{ "dump -t 12 --action-script ./s", "crdump|--tree=12|--images-dir=.|--action-script=./s" },
	{ "dump -t 12 -d -S --pidfile p --inherit-fd fd[1]:pipe[3]", "crdump|--tree=12|--images-dir=." },
	{ "dump -t 12 -l --tcp-established --ext-unix-sk --link-remap --ghost-limit 9 --timeout 3 -r / --track-mem",
	  "crdump|--tree=12|--images-dir=." },
	{ "dump -t 12 --empty-ns net --manage-cgroups=ignore --freeze-cgroup /c --cpu-cap --cpu-cap=all",
	  "crdump|--tree=12|--images-dir=." },
	{ "restore", "crrestore|--images-dir=." },
	{ "restore -D i -d -S -j -v4 --pidfile p -o log -W /w",
	  "crrestore|--images-dir=i|--log-file=/w/log|--verbose=4|--shell-job|--restore-detached|--restore-sibling|"
	  "--pidfile=/w/p" },
	{ "restore --inherit-fd fd[1]:pipe[3] --external tty[1:2] -R -t 3",
	  "crrestore|--images-dir=.|--inherit-fd=fd[1]:pipe[3]|--external=tty[1:2]" },
	{ "check", "check" },
	{ "check --all", "check" },
	{ "--version", "0" },
	{ "--help", "0" },

	{ "", "2" },
	{ "dump", "2" },
	{ "frob -t 12", "2" },
	{ "page-server", "2" },
	{ "dump restore -t 12", "2" },
	{ "dump -t 12 --frob", "2" },
	{ "dump -t", "2" },
	{ "dump -t 12 --stream", "2" },
	{ "dump -t 12 --lazy-pages", "2" },
	{ "dump -t 12 --page-server --address 127.0.0.1 --port 9", "2" },
	{ "dump -t 12 --prev-images-dir ../1", "2" },
	{ "dump -t 12 --manage-cgroups", "2" },
	{ "dump -t 12 --manage-cgroups=soft", "2" },
	{ "dump -t 12 --config c", "2" },
	{ "dump -t 12 --action-script a --action-script b", "2" },
	{ "restore --leave-stopped", "2" },
	{ "restore --join-ns net:1", "2" },
	{ "restore -J net:1", "2" },
	{ "restore --lsm-profile apparmor:x", "2" },
	{ "restore --exec-cmd -- /bin/true", "2" },
	{ "check --feature uffd", "2" },
};

TEST(command_lines_are_mapped_or_refused)
{
	for (size_t i = 0; i < NR(commands); i++) {
		EXPECT_STREQ(command(commands[i].line), commands[i].becomes)
		{
			TH_LOG("of: %s", commands[i].line);
		}
	}
}

/* Messages ------------------------------------------------------------------------------------------ */

/* Options with two directories of this process. */
FIXTURE(options)
{
	Rpc__Options options;
	struct request request;
	char why[RPC_WHY_MAX];
	char images[64];
	int fd;
};

FIXTURE_SETUP(options)
{
	strcpy(self->images, "/tmp/crlock-criu-test.XXXXXX");
	ASSERT_NE(mkdtemp(self->images), NULL);
	self->fd = open(self->images, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	rpc__options__init(&self->options);
	self->options.images_fd = self->fd;
	self->options.has_pid = true;
	self->options.pid = 12;
}

FIXTURE_TEARDOWN(options)
{
	request_free(&self->request);
	close(self->fd);
	rmdir(self->images);
}

static int read_again(FIXTURE_DATA(options) * self, enum request_kind kind)
{
	request_free(&self->request);
	return rpc_read(&self->options, kind, getpid(), &self->request, self->why);
}

/* Whether what is asked for becomes words, with PATH for the directory of the images. */
static bool becomes(FIXTURE_DATA(options) * self, enum request_kind kind, const char *words)
{
	int ret = read_again(self, kind);
	char wanted[1024] = "";
	const char *at = words, *path;

	while (!ret && (path = strstr(at, "PATH"))) {
		snprintf(wanted + strlen(wanted), sizeof(wanted) - strlen(wanted), "%.*s%s", (int)(path - at),
			 at, self->images);
		at = path + 4;
	}
	snprintf(wanted + strlen(wanted), sizeof(wanted) - strlen(wanted), "%s", at);
	if (!ret && !strcmp(wanted, text_of(&self->request)))
		return true;
	printf("# %d %s: %s\n", ret, ret ? self->why : "", ret ? "" : text_of(&self->request));
	return false;
}

TEST_F(options, that_are_used)
{
	char *external[] = { "pipe[7]" }, root[] = "/";
	Rpc__Inherited inherited = RPC__INHERITED__INIT, again = RPC__INHERITED__INIT;
	Rpc__Inherited other = RPC__INHERITED__INIT, *inherit[] = { &inherited, &again, &other };
	Rpc__UnixSocket unix_socket = RPC__UNIX_SOCKET__INIT, *unix_sockets[] = { &unix_socket };

	EXPECT_TRUE(
		becomes(self, REQUEST_DUMP, "crdump|--tree=12|--images-dir=PATH|--log-file=PATH/criu.log"));
	EXPECT_TRUE(becomes(self, REQUEST_RESTORE,
			    "crrestore|--images-dir=PATH|--log-file=PATH/criu.log|--restore-detached"));
	self->options.log_file = "dump.log";
	self->options.has_log_level = true;
	self->options.log_level = 4;
	self->options.leave_running = self->options.shell_job = self->options.sibling = true;
	self->options.external = external;
	self->options.n_external = 1;
	inherited.key = "pipe:[7]";
	inherited.fd = 1;
	again.key = inherited.key;
	again.fd = 2;
	other.key = "pipe:[8]";
	other.fd = 2;
	self->options.inherit = inherit;
	self->options.n_inherit = NR(inherit);
	unix_socket.inode = 4294967295U;
	self->options.unix_sockets = unix_sockets;
	self->options.n_unix_sockets = 1;
	EXPECT_TRUE(
		becomes(self, REQUEST_DUMP,
			"crdump|--tree=12|--images-dir=PATH|--log-file=PATH/dump.log|--verbose=3|--shell-job|"
			"--leave-running|--external=pipe[7]|--external=unix[4294967295]"));
	EXPECT_TRUE(becomes(
		self, REQUEST_RESTORE,
		"crrestore|--images-dir=PATH|--log-file=PATH/dump.log|--verbose=3|--shell-job|"
		"--restore-detached|--restore-sibling|--inherit-fd=fd[1]:pipe:[7]|--inherit-fd=fd[2]:pipe:[8]|--external=pipe[7]|"
		"--external=unix[4294967295]"));
	self->options.has_work_fd = true;
	self->options.work_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	EXPECT_EQ(read_again(self, REQUEST_DUMP), 0);
	EXPECT_STREQ(self->request.work, "/");
	close(self->options.work_fd);
}

TEST_F(options, that_are_wrong)
{
	static const char *const names[] = { "", ".", "..", "/log", "a/b", "../log" };
	char path[128];
	int fd;

	for (size_t i = 0; i < NR(names); i++) {
		self->options.log_file = (char *)names[i];
		EXPECT_EQ(read_again(self, REQUEST_DUMP), -EINVAL);
	}
	self->options.log_file = NULL;
	self->options.pid = 0;
	EXPECT_EQ(read_again(self, REQUEST_DUMP), -EINVAL);
	EXPECT_NE(self->request.log, NULL);
	self->options.pid = -7;
	EXPECT_EQ(read_again(self, REQUEST_DUMP), -EINVAL);
	EXPECT_EQ(read_again(self, REQUEST_RESTORE), 0);
	self->options.has_pid = false;
	EXPECT_EQ(read_again(self, REQUEST_DUMP), -EOPNOTSUPP);

	self->options.images_fd = 1000000;
	EXPECT_EQ(read_again(self, REQUEST_RESTORE), -EBADF);
	self->options.images_fd = -1;
	EXPECT_EQ(read_again(self, REQUEST_RESTORE), -EBADF);
	snprintf(path, sizeof(path), "%s/file", self->images);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	self->options.images_fd = fd;
	EXPECT_EQ(read_again(self, REQUEST_RESTORE), -ENOTDIR);
	close(fd);
	unlink(path);
	self->options.images_fd = self->fd;
	EXPECT_EQ(read_again(self, REQUEST_RESTORE), 0);
	rmdir(self->images);
	EXPECT_EQ(read_again(self, REQUEST_RESTORE), -ENOENT);
	EXPECT_EQ(rpc_read(NULL, REQUEST_DUMP, getpid(), &self->request, self->why), -EINVAL);
}

/* Fields by number, as they come over the wire. */
static const struct {
	unsigned char bytes[8];
	size_t len;
	int ret;
	const char *why;
} others[] = {
	{ { 0x20, 1 }, 2, 0, "" }, /* ext_unix_sk */
	{ { 0x6a, 1, '/' }, 3, 0, "" }, /* root */
	{ { 0x72, 1, 'x' }, 3, -EOPNOTSUPP, "option parent_img is not supported" },
	{ { 0x72, 0 }, 2, 0, "" }, /* it is empty */
	{ { 0x5a, 0 }, 2, 0, "" },
	{ { 0x5a, 2, 0x10, 1 }, 4, -EOPNOTSUPP, "option ps is not supported" },
	{ { 0xc0, 1, 1 }, 3, 0, "" }, /* manage_cgroups */
	{ { 0xb0, 2, 0x80, 0x80, 0x80, 0x80, 4 },
	  7,
	  0,
	  "" }, /* empty_ns of a network, which runc always sends */
	{ { 0x80, 3, 0 }, 3, 0, "" }, /* lazy_pages of false */
	{ { 0x80, 3, 0x80, 0x80, 0 }, 5, 0, "" }, /* in an odd spelling */
	{ { 0x80, 3, 0x80, 0x80, 1 }, 5, -EOPNOTSUPP, "option lazy_pages is not supported" },
	{ { 0x80, 3, 1 }, 3, -EOPNOTSUPP, "option lazy_pages is not supported" },
	{ { 0x88, 3, 0 }, 3, -EOPNOTSUPP, "option status_fd is not supported" },
	{ { 0x9a, 3, 2, '/', '0' }, 5, 0, "" }, /* config_file */
	{ { 0x9a, 3, 1, '/' }, 4, -EOPNOTSUPP, "option config_file is not supported, and / is there" },
	{ { 0xc0, 0x3e, 0 }, 3, -EOPNOTSUPP, "option 1000 is unknown" },
};

TEST(other_options_are_passed_over_or_refused)
{
	int dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	unsigned char data[32] = { 0x08, 0, 0x10, 12 };
	char why[RPC_WHY_MAX];
	struct request request;

	ASSERT_LT(dir, 0x80);
	data[1] = dir;
	for (size_t i = 0; i < NR(others); i++) {
		Rpc__Options *options;

		memcpy(data + 4, others[i].bytes, others[i].len);
		options = rpc__options__unpack(NULL, 4 + others[i].len, data);
		ASSERT_NE(options, NULL);
		*why = '\0';
		EXPECT_EQ(rpc_read(options, REQUEST_DUMP, getpid(), &request, why), others[i].ret)
		{
			TH_LOG("row %zu", i);
		}
		EXPECT_STREQ(why, others[i].why);
		request_free(&request);
		rpc__options__free_unpacked(options, NULL);
	}
	close(dir);
}

/* What is no message ---------------------------------------------------------------------------------- */

/* A copy at whose end nothing may be read. */
static const void *fenced(const void *data, size_t len)
{
	static char *pages;
	size_t page = sysconf(_SC_PAGESIZE);

	if (!pages) {
		pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		mprotect(pages + page, page, PROT_NONE);
	}
	return memcpy(pages + page - len, data, len);
}

static size_t make_message(unsigned char data[256])
{
	Rpc__Request message = RPC__REQUEST__INIT;
	Rpc__Options options = RPC__OPTIONS__INIT;
	Rpc__Inherited inherited = RPC__INHERITED__INIT, *inherit[] = { &inherited };
	char *external[] = { "pipe[1]", "" };

	options.log_file = "dump.log";
	options.external = external;
	options.n_external = NR(external);
	inherited.key = "pipe:[1]";
	options.inherit = inherit;
	options.n_inherit = 1;
	message.type = MESSAGE_DUMP;
	message.options = &options;
	return rpc__request__pack(&message, data);
}

/* Reads it, and what it asks for, whatever that is. Returns: whether it is a message. */
static bool survives(const unsigned char *data, size_t len)
{
	Rpc__Request *message = message_decode(fenced(data, len), len);
	struct request request = { 0 };
	char why[RPC_WHY_MAX];

	if (!message)
		return false;
	if (!rpc_read(message->options, REQUEST_DUMP, getpid(), &request, why))
		text_of(&request);
	request_free(&request);
	rpc__request__free_unpacked(message, NULL);
	return true;
}

TEST(truncated_messages_are_none)
{
	unsigned char data[256];
	size_t len = make_message(data);

	EXPECT_TRUE(survives(data, len));
	/* The type alone is a message. */
	for (size_t i = 0; i < len; i++) {
		EXPECT_EQ(survives(data, i), i == 2)
		{
			TH_LOG("%zu bytes of %zu", i, len);
		}
	}
}

TEST(damaged_messages_do_no_harm)
{
	unsigned char data[256], damaged[256];
	size_t len = make_message(data), whole = 0;

	for (size_t i = 0; i < len; i++) {
		for (int byte = 0; byte < 256; byte++) {
			memcpy(damaged, data, len);
			damaged[i] = byte;
			whole += survives(damaged, len);
		}
	}
	EXPECT_GT(whole, 0);
	EXPECT_LT(whole, 256 * len);
}

/* The socket ------------------------------------------------------------------------------------------ */

TEST(messages_come_one_by_one_and_have_a_limit)
{
	static unsigned char large[MESSAGE_MAX + 1];
	int sockets[2], room = 4 * MESSAGE_MAX;
	Rpc__Request *request;

	ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
	if (setsockopt(sockets[0], SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)))
		setsockopt(sockets[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	ASSERT_EQ(send(sockets[0], "\x08\x0a", 2, 0), 2);
	ASSERT_EQ(send(sockets[0], "\x08\x09\x20\x01", 4, 0), 4);
	ASSERT_EQ(message_receive(sockets[1], &request), 1);
	EXPECT_EQ(request->type, MESSAGE_VERSION);
	EXPECT_FALSE(request->keep_open);
	rpc__request__free_unpacked(request, NULL);
	ASSERT_EQ(message_receive(sockets[1], &request), 1);
	EXPECT_EQ(request->type, MESSAGE_FEATURES);
	EXPECT_TRUE(request->keep_open);
	rpc__request__free_unpacked(request, NULL);

	ASSERT_EQ(send(sockets[0], "\xff\xff", 2, 0), 2);
	EXPECT_EQ(message_receive(sockets[1], &request), -EBADMSG);
	EXPECT_EQ(request, NULL);
	/* Where a datagram cannot be so long, none comes. */
	if (send(sockets[0], large, sizeof(large), 0) == sizeof(large))
		EXPECT_EQ(message_receive(sockets[1], &request), -EMSGSIZE);
	/* Nothing is left unread, which would come before an answer. */
	ASSERT_EQ(send(sockets[1], "x", 1, 0), 1);
	close(sockets[1]);
	EXPECT_EQ(recv(sockets[0], large, sizeof(large), 0), 1);
	EXPECT_EQ(message_receive(sockets[0], &request), 0);
	close(sockets[0]);
}

/* The log --------------------------------------------------------------------------------------------- */

TEST(the_last_line_of_a_log)
{
	char path[] = "/tmp/crlock-criu-log.XXXXXX", line[64];
	int fd = mkstemp(path);

	ASSERT_GE(fd, 0);
	log_last_line(path, line, sizeof(line));
	EXPECT_STREQ(line, "");
	ASSERT_EQ(write(fd, "one\ntwo\n", 8), 8);
	log_last_line(path, line, sizeof(line));
	EXPECT_STREQ(line, "two");
	ASSERT_EQ(write(fd, "0123456789abcdefghij\n\n", 22), 22);
	log_last_line(path, line, 16);
	EXPECT_STREQ(line, "789abcdefghij");
	log_write(path, "new");
	log_last_line(path, line, sizeof(line));
	EXPECT_STREQ(line, "crlock-criu: new");
	close(fd);
	unlink(path);
	log_last_line(path, line, sizeof(line));
	EXPECT_STREQ(line, "");
	log_last_line(NULL, line, sizeof(line));
	EXPECT_STREQ(line, "");
}

TEST_HARNESS_MAIN
