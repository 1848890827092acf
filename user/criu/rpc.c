// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "criu/rpc.h"

/* Where the log is if no name is given; engines look for it there. */
#define LOG_DEFAULT "criu.log"

/* From here on a peer wants to hear more than warnings. */
#define LEVEL_VERBOSE 3

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
	unsigned int number;
	const char *name;
	bool refused;
} fields[] = {
	{ 4, "ext_unix_sk", false },	     { 5, "tcp_established", false },
	{ 6, "evasive_devices", false },     { 8, "file_locks", false },
	{ 11, "ps", true },		     { 13, "root", false },
	{ 14, "parent_img", true },	     { 15, "track_mem", false },
	{ 16, "auto_dedup", false },	     { 18, "link_remap", false },
	{ 19, "veths", false },		     { 20, "cpu_cap", false },
	{ 21, "force_irmap", false },	     { 22, "exec_cmd", true },
	{ 23, "ext_mnt", false },	     { 24, "manage_cgroups", false },
	{ 25, "cg_root", true },	     { 28, "auto_ext_mnt", false },
	{ 29, "ext_sharing", false },	     { 30, "ext_masters", false },
	{ 31, "skip_mnt", false },	     { 32, "enable_fs", false },
	{ 34, "manage_cgroups_mode", false }, { 35, "ghost_limit", false },
	{ 36, "irmap_scan_paths", false },   { 38, "empty_ns", false },
	{ 39, "join_ns", true },	     { 41, "cgroup_props", true },
	{ 42, "cgroup_props_file", true },   { 43, "cgroup_dump_controller", true },
	{ 44, "freeze_cgroup", false },	     { 45, "timeout", false },
	{ 46, "tcp_skip_in_flight", false }, { 47, "weak_sysctls", false },
	{ 48, "lazy_pages", true },	     { 49, "status_fd", true },
	{ 50, "orphan_pts_master", false },  { 52, "tcp_close", false },	     { 53, "lsm_profile", true },
	{ 54, "tls_cacert", true },	     { 55, "tls_cacrl", true },
	{ 56, "tls_cert", true },	     { 57, "tls_key", true },
	{ 58, "tls", true },		     { 59, "tls_no_cn_verify", true },
	{ 60, "cgroup_yard", true },	     { 61, "pre_dump_mode", false },
	{ 62, "pidfd_store_sk", true },	     { 63, "lsm_mount_context", true },
	{ 64, "network_lock", false },	     { 65, "mntns_compat_mode", false },
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

	*request = (struct request){ .kind = kind };
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
	request->verbose = options->has_log_level && options->log_level >= LEVEL_VERBOSE;
	return ret ? ret : read_lists(options, request, why);
}
