// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Most options of criu(8) allow something. Where it is not supported at all it is refused when it is met, by crdump
 * or by crrestore, which say what it is; so the permission for it does no harm. Others are about namespaces that the
 * processes would have of their own, which crdump refuses in the same way, or about how the work is done.
 */
#include <stdbool.h>
#include <string.h>

#include "image/criu_options.h"

static const char no_parent[] = "checkpoints that lead to an earlier one are not supported";
static const char no_server[] = "a page server is not supported; crdump --stream writes to another machine";
static const char no_cgroups[] =
	"cgroups are not restored; 'ignore' leaves processes in those of the restorer";
static const char no_lazy[] = "memory is restored at once, not lazily";
static const char no_lsm[] = "security labels are not restored";
static const char no_joining[] = "namespaces are not supported";
static const char no_config[] = "configuration files are not read";

static const struct criu_option {
	const char *name;
	char letter;
	int has_arg;
	const char *refusal; /* NULL: it may be given, and does nothing */
	const char *allowed; /* a value that may be given all the same */
} criu_options[] = {
	{ "auto-dedup", 0, no_argument, NULL, NULL },
	{ "cpu-cap", 0, optional_argument, NULL, NULL },
	{ "display-stats", 0, no_argument, NULL, NULL },
	{ "empty-ns", 0, required_argument, NULL, NULL },
	{ "enable-external-masters", 0, no_argument, NULL, NULL },
	{ "enable-external-sharing", 0, no_argument, NULL, NULL },
	{ "enable-fs", 0, required_argument, NULL, NULL },
	{ "evasive-devices", 0, no_argument, NULL, NULL },
	{ "ext-mount-map", 0, required_argument, NULL, NULL },
	{ "ext-unix-sk", 0, no_argument, NULL, NULL },
	{ "file-locks", 'l', no_argument, NULL, NULL },
	{ "file-validation", 0, required_argument, NULL, NULL },
	{ "force-irmap", 0, no_argument, NULL, NULL },
	{ "freeze-cgroup", 0, required_argument, NULL, NULL },
	{ "ghost-limit", 0, required_argument, NULL, NULL },
	{ "irmap-scan-path", 0, required_argument, NULL, NULL },
	{ "libdir", 'L', required_argument, NULL, NULL },
	{ "link-remap", 0, no_argument, NULL, NULL },
	{ "log-pid", 0, no_argument, NULL, NULL },
	{ "mntns-compat-mode", 0, no_argument, NULL, NULL },
	{ "network-lock", 0, required_argument, NULL, NULL },
	{ "no-default-config", 0, no_argument, NULL, NULL },
	{ "root", 'r', required_argument, NULL, NULL },
	{ "skip-in-flight", 0, no_argument, NULL, NULL },
	{ "skip-mnt", 0, required_argument, NULL, NULL },
	{ "tcp-close", 0, no_argument, NULL, NULL },
	{ "tcp-established", 0, no_argument, NULL, NULL },
	{ "timeout", 0, required_argument, NULL, NULL },
	{ "track-mem", 0, no_argument, NULL, NULL },
	{ "veth-pair", 0, required_argument, NULL, NULL },
	{ "weak-sysctls", 0, no_argument, NULL, NULL },

	{ "address", 0, required_argument, no_server, NULL },
	{ "cgroup-dump-controller", 0, required_argument, no_cgroups, NULL },
	{ "cgroup-props", 0, required_argument, no_cgroups, NULL },
	{ "cgroup-props-file", 0, required_argument, no_cgroups, NULL },
	{ "cgroup-root", 0, required_argument, no_cgroups, NULL },
	{ "cgroup-yard", 0, required_argument, no_cgroups, NULL },
	{ "config", 0, required_argument, no_config, NULL },
	{ "exec-cmd", 0, no_argument, "no command is run in place of the restorer", NULL },
	{ "join-ns", 'J', required_argument, no_joining, NULL },
	{ "lazy-pages", 0, no_argument, no_lazy, NULL },
	{ "lsm-mount-context", 0, required_argument, no_lsm, NULL },
	{ "lsm-profile", 0, required_argument, no_lsm, NULL },
	{ "manage-cgroups", 0, optional_argument, no_cgroups, "ignore" },
	{ "page-server", 0, no_argument, no_server, NULL },
	{ "port", 0, required_argument, no_server, NULL },
	{ "prev-images-dir", 0, required_argument, no_parent, NULL },
	{ "ps-socket", 0, required_argument, no_server, NULL },
	{ "status-fd", 0, required_argument, no_server, NULL },
	{ "tls", 0, no_argument, no_server, NULL },
	{ "work-dir", 'W', required_argument,
	  "crlock-criu(8) has it; here --log-file and --pidfile take any path", NULL },
};

#define NR_CRIU_OPTIONS ((int)(sizeof(criu_options) / sizeof(*criu_options)))

static bool has_name(const struct option *own, const char *name)
{
	for (; own->name; own++) {
		if (!strcmp(own->name, name))
			return true;
	}
	return false;
}

void criu_options_join(struct option joined[CRIU_OPTIONS_MAX], const struct option *own)
{
	size_t nr = 0;

	for (const struct option *at = own; at->name; at++)
		joined[nr++] = *at;
	for (int i = 0; i < NR_CRIU_OPTIONS && nr < CRIU_OPTIONS_MAX - 1; i++) {
		if (!has_name(own, criu_options[i].name))
			joined[nr++] = (struct option){ criu_options[i].name, criu_options[i].has_arg, NULL,
							CRIU_OPTION_FIRST + i };
	}
	joined[nr] = (struct option){ 0 };
}

int criu_option_index(int option)
{
	if (option >= CRIU_OPTION_FIRST && option < CRIU_OPTION_FIRST + NR_CRIU_OPTIONS)
		return option - CRIU_OPTION_FIRST;
	for (int i = 0; i < NR_CRIU_OPTIONS; i++) {
		if (criu_options[i].letter && criu_options[i].letter == option)
			return i;
	}
	return -1;
}

const char *criu_option_name(int index)
{
	return criu_options[index].name;
}

const char *criu_option_refusal(int index, const char *argument)
{
	const struct criu_option *option = &criu_options[index];

	if (option->allowed && argument && !strcmp(argument, option->allowed))
		return NULL;
	return option->refusal;
}
