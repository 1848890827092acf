// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "criu/rpc.h"
#include "image/message.h"

/* Where the log is if no name is given; engines look for it there. */
#define LOG_DEFAULT "criu.log"

static int refuse(char why[RPC_WHY_MAX], int ret, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int refuse(char why[RPC_WHY_MAX], int ret, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, RPC_WHY_MAX, format, args);
	va_end(args);
	return ret;
}

static int no_memory(char why[RPC_WHY_MAX])
{
	return refuse(why, -ENOMEM, "%s", strerror(ENOMEM));
}

/* What is not decoded ------------------------------------------------------------------------------ */

/*
 * The fields of options that have no part in a request, by number. As on command lines (image/criu_options.c), what
 * allows something may be given, for it is refused when it is met; so may what is about namespaces that processes
 * would have of their own. Cgroups are another matter than on command lines: an engine puts the process that it
 * starts for a restore, and with it those that are restored, into the container's itself.
 */
static const struct field {
	const char *name;
	unsigned int number;
	bool refused;
} fields[] = {
	{ "ext_unix_sk", 4, false },
	{ "tcp_established", 5, false },
	{ "evasive_devices", 6, false },
	{ "file_locks", 8, false },
	{ "ps", 11, true },
	{ "root", 13, false },
	{ "parent_img", 14, true },
	{ "track_mem", 15, false },
	{ "auto_dedup", 16, false },
	{ "link_remap", 18, false },
	{ "veths", 19, false },
	{ "cpu_cap", 20, false },
	{ "force_irmap", 21, false },
	{ "exec_cmd", 22, true },
	{ "ext_mnt", 23, false },
	{ "manage_cgroups", 24, false },
	{ "cg_root", 25, true },
	{ "auto_ext_mnt", 28, false },
	{ "ext_sharing", 29, false },
	{ "ext_masters", 30, false },
	{ "skip_mnt", 31, false },
	{ "enable_fs", 32, false },
	{ "manage_cgroups_mode", 34, false },
	{ "ghost_limit", 35, false },
	{ "irmap_scan_paths", 36, false },
	{ "empty_ns", 38, false },
	{ "join_ns", 39, true },
	{ "cgroup_props", 41, true },
	{ "cgroup_props_file", 42, true },
	{ "cgroup_dump_controller", 43, true },
	{ "freeze_cgroup", 44, false },
	{ "timeout", 45, false },
	{ "tcp_skip_in_flight", 46, false },
	{ "weak_sysctls", 47, false },
	{ "lazy_pages", 48, true },
	{ "status_fd", 49, true },
	{ "orphan_pts_master", 50, false },
	{ "tcp_close", 52, false },
	{ "lsm_profile", 53, true },
	{ "tls_cacert", 54, true },
	{ "tls_cacrl", 55, true },
	{ "tls_cert", 56, true },
	{ "tls_key", 57, true },
	{ "tls", 58, true },
	{ "tls_no_cn_verify", 59, true },
	{ "cgroup_yard", 60, true },
	{ "pre_dump_mode", 61, false },
	{ "pidfd_store_sk", 62, true },
	{ "lsm_mount_context", 63, true },
	{ "network_lock", 64, false },
	{ "mntns_compat_mode", 65, false },
};

static const struct field *find_field(unsigned int number)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		if (fields[i].number == number)
			return &fields[i];
	}
	return NULL;
}

/* False, 0 and empty texts ask for nothing: engines send all that they know. */
static bool asks_for_nothing(const ProtobufCMessageUnknownField *field)
{
	for (size_t i = 0; i < field->len; i++) {
		if (field->data[i] & 0x7f)
			return false;
	}
	/* Of a text the length comes first. */
	return field->wire_type == PROTOBUF_C_WIRE_TYPE_VARINT ||
	       (field->wire_type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED && field->len <= 1);
}

static int check_others(const Rpc__Options *options, char why[RPC_WHY_MAX])
{
	for (unsigned int i = 0; i < options->base.n_unknown_fields; i++) {
		const ProtobufCMessageUnknownField *other = &options->base.unknown_fields[i];
		const struct field *field = find_field(other->tag);

		if (!field)
			return refuse(why, -EOPNOTSUPP, "option %u is unknown", other->tag);
		/* Descriptor 0 is one too. */
		if (field->refused && (field->number == 49 || !asks_for_nothing(other)))
			return refuse(why, -EOPNOTSUPP, "option %s is not supported", field->name);
	}
	return 0;
}

/* runc names one whether it is there or not. */
static int check_config(const Rpc__Options *options, char why[RPC_WHY_MAX])
{
	if (!options->config_file || !*options->config_file || access(options->config_file, F_OK))
		return 0;
	return refuse(why, -EOPNOTSUPP, "option config_file is not supported, and %s is there",
		      options->config_file);
}

/* What is ---------------------------------------------------------------------------------------- */

/* The path of a directory that the peer has open. Paths are what crdump and crrestore take. */
static int read_directory(char **path, pid_t peer, int fd, const char *name, char why[RPC_WHY_MAX])
{
	char link[64], text[PATH_MAX];
	struct stat there, here;
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/%d/fd/%d", peer, fd);
	len = readlink(link, text, sizeof(text));
	if (len < 0 || stat(link, &there))
		return refuse(why, -EBADF, "%s: descriptor %d of process %d: %s", name, fd, peer,
			      strerror(errno));
	if (!S_ISDIR(there.st_mode))
		return refuse(why, -ENOTDIR, "%s: descriptor %d is no directory", name, fd);
	if (len == sizeof(text))
		return refuse(why, -ENAMETOOLONG, "%s: descriptor %d: the path is too long", name, fd);
	text[len] = '\0';
	/* It was removed, or is in another mount namespace. */
	if (*text != '/' || stat(text, &here) || here.st_dev != there.st_dev || here.st_ino != there.st_ino)
		return refuse(why, -ENOENT, "%s: no path leads to %s", name, text);
	return request_set(path, text) ? 0 : no_memory(why);
}

static int read_log(const Rpc__Options *options, struct request *request, char why[RPC_WHY_MAX])
{
	const char *name = options->log_file ?: LOG_DEFAULT;

	if (!*name || strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, ".."))
		return refuse(why, -EINVAL, "log_file: '%s' is no name of a file", name);
	return request_set(&request->log, name) ? 0 : no_memory(why);
}

static int read_places(const Rpc__Options *options, pid_t peer, struct request *request,
		       char why[RPC_WHY_MAX])
{
	int ret = read_directory(&request->images, peer, options->images_fd, "images_dir_fd", why);

	if (!ret && options->has_work_fd)
		ret = read_directory(&request->work, peer, options->work_fd, "work_dir_fd", why);
	return ret ? ret : read_log(options, request, why);
}

static int read_pid(const Rpc__Options *options, struct request *request, char why[RPC_WHY_MAX])
{
	char pid[16];

	if (!options->has_pid)
		return refuse(why, -EOPNOTSUPP, "there is no pid: a process cannot dump itself");
	if (options->pid <= 0)
		return refuse(why, -EINVAL, "pid: %d is none", options->pid);
	snprintf(pid, sizeof(pid), "%d", options->pid);
	return request_set(&request->pid, pid) ? 0 : no_memory(why);
}

/* What was one pipe is one again, but runc names it for each standard stream that it was. The first one counts. */
static bool is_repeated(const Rpc__Options *options, size_t i)
{
	for (size_t j = 0; j < i; j++) {
		if (!strcmp(options->inherit[j]->key, options->inherit[i]->key))
			return true;
	}
	return false;
}

static int read_lists(const Rpc__Options *options, struct request *request, char why[RPC_WHY_MAX])
{
	for (size_t i = 0; i < options->n_external; i++)
		words_add(&request->external, "%s", options->external[i]);
	for (size_t i = 0; i < options->n_unix_sockets; i++)
		words_add(&request->external, "unix[%u]", options->unix_sockets[i]->inode);
	for (size_t i = 0; i < options->n_inherit; i++) {
		if (!is_repeated(options, i))
			words_add(&request->inherit, "fd[%d]:%s", options->inherit[i]->fd,
				  options->inherit[i]->key);
	}
	return request->external.failed || request->inherit.failed ? no_memory(why) : 0;
}

int rpc_read(const Rpc__Options *options, enum request_kind kind, pid_t peer, struct request *request,
	     char why[RPC_WHY_MAX])
{
	int ret;

	*request = (struct request){ .kind = kind, .level = -1 };
	if (!options)
		return refuse(why, -EINVAL, "there are no options");
	/* First, so that there is a log. */
	ret = read_places(options, peer, request, why);
	ret = ret ? ret : check_others(options, why);
	ret = ret ? ret : check_config(options, why);
	if (!ret && kind == REQUEST_DUMP)
		ret = read_pid(options, request, why);
	request->leave_running = options->leave_running;
	request->detached = true;
	request->sibling = options->sibling;
	request->shell_job = options->shell_job;
	/* Engines look for the reason in the log: it has no less than usual. */
	if (options->has_log_level && options->log_level >= MESSAGE_INFO)
		request->level = MESSAGE_INFO;
	return ret ? ret : read_lists(options, request, why);
}
