// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * crlock info - shows what the kernel module says of itself.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <crlock.h>
#include <jansson.h>

#include "crlock/cell.h"
#include "crlock/command.h"
#include "crlock/say.h"
#include "locks/module.h"

static const struct {
	uint32_t bit;
	const char *name;
} features[] = {
	{ CRLOCK_FEATURE_DELEGATIONS, "delegations" },
	{ CRLOCK_FEATURE_MAPPINGS, "mappings" },
	{ CRLOCK_FEATURE_IN_FLIGHT, "in-flight" },
	{ CRLOCK_FEATURE_REGSETS, "regsets" },
	{ CRLOCK_FEATURE_TASKS, "tasks" },
	{ CRLOCK_FEATURE_FILE_OWNERS, "file-owners" },
	{ CRLOCK_FEATURE_EVENTS, "events" },
};

#define NR_FEATURES (sizeof(features) / sizeof(*features))

static json_t *features_json(uint32_t bits)
{
	json_t *json = json_array();

	for (size_t i = 0; i < NR_FEATURES; i++) {
		if (bits & features[i].bit)
			json_array_append_new(json, json_string(features[i].name));
	}
	return json;
}

static int print_json(const struct crlock_info *info)
{
	json_t *json = json_object();
	int err;

	json_object_set_new(json, "version", cell_json_string(info->version));
	json_object_set_new(json, "abi", json_integer(info->abi));
	json_object_set_new(json, "kernel", cell_json_string(info->kernel));
	json_object_set_new(json, "arch", cell_json_string(info->arch));
	json_object_set_new(json, "features", features_json(info->features));
	json_object_set_new(json, "snapshot_max", json_integer(info->snapshot_max));
	json_object_set_new(json, "tgids_max", json_integer(info->tgids_max));
	err = json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	json_decref(json);
	printf("\n");
	if (err && !ferror(stdout)) {
		say("%s", strerror(ENOMEM));
		return STATUS_FAILURE;
	}
	return say_written();
}

static void print_features(uint32_t bits)
{
	uint32_t known = 0;

	printf("features:    ");
	for (size_t i = 0; i < NR_FEATURES; i++) {
		known |= features[i].bit;
		if (bits & features[i].bit)
			printf(" %s", features[i].name);
	}
	if (bits & ~known)
		printf(" 0x%" PRIx32, bits & ~known);
	printf("\n");
}

static int print_text(const struct crlock_info *info)
{
	printf("version:      %s\n", info->version);
	printf("ABI:          %" PRIu32 "\n", info->abi);
	printf("kernel:       %s\n", info->kernel);
	printf("architecture: %s\n", info->arch);
	print_features(info->features);
	printf("snapshot max: %" PRIu64 " bytes\n", info->snapshot_max);
	printf("filter max:   %" PRIu32 " processes\n", info->tgids_max);
	return say_written();
}

static int show(bool json)
{
	struct crlock_info info;
	int err = module_get_info(&info), status;

	if (err == -ENOENT) {
		say(MODULE_NOT_LOADED);
		return STATUS_NO_MODULE;
	}
	if (err) {
		say("module crlock: %s", strerror(-err));
		return STATUS_FAILURE;
	}
	status = json ? print_json(&info) : print_text(&info);
	if (!status && info.abi != CRLOCK_ABI) {
		say(MODULE_FOREIGN_ABI, info.version, info.abi, CRLOCK_ABI);
		return STATUS_FOREIGN_ABI;
	}
	return status;
}

static int print_help(void)
{
	printf("usage: crlock info [OPTION...]\n\n"
	       "Shows what the kernel module says of itself. Needs no privilege.\n\n"
	       "  -J, --json     JSON\n"
	       "      --no-load  do not load the module if it is not loaded\n"
	       "  -h, --help\n\n"
	       "Exit status: 0; 1: failure; 2: bad usage; 3: the module is not loaded;\n"
	       "4: the module has another ABI. See crlock-info(8).\n");
	return say_written();
}

int run_info(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "json", no_argument, NULL, 'J' },
		{ "no-load", no_argument, NULL, 'N' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	bool json = false, help = false;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "Jh", long_options, NULL)) != -1) {
		if (option == '?')
			return say_usage("%s: no such option", argv[optind - 1]);
		if (option == 'N')
			module_never_load();
		json |= option == 'J';
		help |= option == 'h';
	}
	if (optind < argc)
		return say_usage("%s: not an option", argv[optind]);
	return help ? print_help() : show(json);
}
