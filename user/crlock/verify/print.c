// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "crlock/cell.h"
#include "crlock/colour.h"
#include "crlock/verify/verify.h"
#include "locks/format.h"

static void add_where(struct lock_buffer *buffer, const struct finding *finding)
{
	if (finding->fd < 0)
		lock_buffer_add(buffer, finding->rule == RULE_BLOCKED_MISSING ? "fdinfo" : "/proc/locks");
	else if (finding->tid == finding->tgid)
		lock_buffer_format(buffer, "/proc/%d/fdinfo/%d", finding->tgid, finding->fd);
	else
		lock_buffer_format(buffer, "/proc/%d/task/%d/fdinfo/%d", finding->tgid, finding->tid,
				   finding->fd);
}

/* The lock's name, with what can still be told of its path and its processes. */
static int add_lock(struct lock_buffer *buffer, struct finding *finding)
{
	struct lock_list one = { .locks = &finding->lock, .nr = 1 };
	int err = lock_read_details(&one, LOCK_DETAIL_COMM | LOCK_DETAIL_PATH);

	if (!err)
		lock_format_name(buffer, &finding->lock);
	return err;
}

static int add_subject(struct lock_buffer *buffer, struct finding *finding)
{
	if (finding->has_lock)
		return add_lock(buffer, finding);
	if (finding->fd < 0 && finding->tid)
		lock_buffer_format(buffer, "process %d waits", finding->tgid);
	return 0;
}

/* JSON ------------------------------------------------------------------------------------------------- */

static int set_text(json_t *json, const char *key, const char *text)
{
	return json_object_set_new(json, key, cell_json_string(text && *text ? text : NULL));
}

static json_t *finding_json(struct finding *finding)
{
	struct lock_buffer where = { 0 }, subject = { 0 };
	json_t *json = json_object();
	int err;

	add_where(&where, finding);
	err = add_subject(&subject, finding);
	err |= json_object_set_new(json, "rule", json_string(rules[finding->rule].id));
	err |= json_object_set_new(json, "verdict", json_string(rule_verdict(finding->rule)));
	err |= set_text(json, "what", rules[finding->rule].what);
	err |= set_text(json, "where", lock_buffer_text(&where));
	err |= set_text(json, "lock", finding->has_lock ? lock_buffer_text(&subject) : NULL);
	err |= json_object_set_new(json, "thread", finding->tid ? json_integer(finding->tid) : json_null());
	err |= set_text(json, "got", finding->got);
	err |= set_text(json, "wanted", finding->wanted);
	err |= json_object_set_new(json, "times", json_integer(finding->times));
	if (where.failed || subject.failed)
		err = -ENOMEM;
	lock_buffer_free(&where);
	lock_buffer_free(&subject);
	if (err) {
		json_decref(json);
		return NULL;
	}
	return json;
}

static json_t *findings_json(struct findings *findings)
{
	json_t *json = json_array();

	for (size_t i = 0; json && i < findings->nr; i++) {
		if (json_array_append_new(json, finding_json(&findings->findings[i]))) {
			json_decref(json);
			json = NULL;
		}
	}
	return json;
}

static json_t *counts_json(const uint64_t counts[NR_RULES])
{
	json_t *json = json_object();

	for (int rule = RULE_HELD_TYPE; rule < NR_RULES; rule++) {
		if (counts[rule])
			json_object_set_new(json, rules[rule].id, json_integer(counts[rule]));
	}
	return json;
}

static int dump(json_t *json)
{
	int err = json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);

	json_decref(json);
	printf("\n");
	return err && !ferror(stdout) ? -ENOMEM : 0;
}

static bool is_different(const struct verify_result *result)
{
	return result->differences.nr || result->differences.left_out;
}

static int print_json(struct verify_result *result, const struct verify_options *options)
{
	json_t *json = json_object();
	int err = 0;

	err |= json_object_set_new(json, "verdict", json_string(is_different(result) ? "different" : "same"));
	err |= json_object_set_new(json, "locks", json_integer(result->nr_locks));
	err |= json_object_set_new(json, "requests", json_integer(result->nr_requests));
	err |= json_object_set_new(json, "descriptors", json_integer(result->nr_descriptors));
	err |= json_object_set_new(json, "fdinfo_lines", json_integer(result->nr_fdinfo));
	err |= json_object_set_new(json, "checks", json_integer(result->nr_checks));
	err |= json_object_set_new(json, "readings", json_integer(result->nr_readings));
	err |= set_text(json, "lacking", result->lacking);
	err |= json_object_set_new(json, "differences", findings_json(&result->differences));
	err |= json_object_set_new(json, "left_out", json_integer(result->differences.left_out));
	err |= json_object_set_new(json, "limits", counts_json(result->counts));
	if (options->verbose)
		err |= json_object_set_new(json, "limited", findings_json(&result->limits));
	if (err) {
		json_decref(json);
		return -ENOMEM;
	}
	return dump(json);
}

static int print_rules_json(void)
{
	json_t *list = json_array();

	for (int rule = 0; rule < NR_RULES; rule++) {
		json_t *json = json_object();

		json_object_set_new(json, "rule", json_string(rules[rule].id));
		json_object_set_new(json, "verdict", json_string(rule_verdict(rule)));
		json_object_set_new(json, "what", json_string(rules[rule].what));
		json_object_set_new(json, "example", json_string(rules[rule].example));
		json_array_append_new(list, json);
	}
	return dump(list);
}

/* Text ------------------------------------------------------------------------------------------------- */

static void print_lines(const struct finding *finding, const char *where)
{
	printf("    %s: %s\n", where, finding->got ?: "no line");
	if (finding->wanted)
		printf("    should be: %s\n", finding->wanted);
	else if (finding->rule == RULE_LOCKS + OF_EXTRA || finding->rule == RULE_FDINFO + OF_EXTRA)
		printf("    should be: no line\n");
}

static int print_difference(struct finding *finding)
{
	struct lock_buffer where = { 0 }, subject = { 0 };
	int err = add_subject(&subject, finding);

	add_where(&where, finding);
	if (where.failed || subject.failed)
		err = -ENOMEM;
	if (!err) {
		printf("%s%s%s: %s%s%s\n", colour(COLOUR_WRONG), rules[finding->rule].id, colour(COLOUR_END),
		       rules[finding->rule].what, subject.len ? ": " : "", lock_buffer_text(&subject));
		print_lines(finding, lock_buffer_text(&where));
		if (finding->times > 1)
			printf("    %" PRIu64 " times\n", finding->times);
	}
	lock_buffer_free(&where);
	lock_buffer_free(&subject);
	return err;
}

static int print_limit(struct finding *finding)
{
	struct lock_buffer subject = { 0 };
	int err = add_subject(&subject, finding);

	if (subject.failed)
		err = -ENOMEM;
	if (!err)
		printf("%s: %s: %s\n", rules[finding->rule].id, rules[finding->rule].what,
		       subject.len ? lock_buffer_text(&subject) : finding->got ?: finding->wanted);
	lock_buffer_free(&subject);
	return err;
}

static int print_findings(struct findings *findings, int (*print)(struct finding *finding))
{
	int err = 0;

	for (size_t i = 0; !err && i < findings->nr; i++)
		err = print(&findings->findings[i]);
	if (findings->left_out)
		printf("%" PRIu64 " more\n", findings->left_out);
	return err;
}

static void print_counts(const uint64_t counts[NR_RULES])
{
	const char *before = "the format cannot tell: ";

	for (int rule = RULE_HELD_TYPE; rule < NR_RULES; rule++) {
		if (!counts[rule])
			continue;
		printf("%s%" PRIu64 " %s", before, counts[rule], rules[rule].id);
		before = ", ";
	}
	if (*before == ',')
		printf("\n");
}

static int print_text(struct verify_result *result, const struct verify_options *options)
{
	int err = print_findings(&result->differences, print_difference);

	if (!err && options->verbose)
		err = print_findings(&result->limits, print_limit);
	printf("%zu locks, %zu requests, %zu lines of %zu descriptors: ", result->nr_locks,
	       result->nr_requests, result->nr_fdinfo, result->nr_descriptors);
	if (is_different(result))
		printf("%s%" PRIu64 " differences%s\n", colour(COLOUR_WRONG),
		       result->differences.nr + result->differences.left_out, colour(COLOUR_END));
	else
		printf("no difference\n");
	print_counts(result->counts);
	return err;
}

int verify_print(struct verify_result *result, const struct verify_options *options)
{
	return options->json ? print_json(result, options) : print_text(result, options);
}

int verify_print_rules(bool json)
{
	if (json)
		return print_rules_json();
	for (int rule = 0; rule < NR_RULES; rule++) {
		if (rule == RULE_LOCKS)
			printf("The kernel is wrong:\n\n");
		if (rule == RULE_HELD_TYPE)
			printf("The format cannot tell:\n\n");
		printf("%s\n    %s\n    For example: %s\n\n", rules[rule].id, rules[rule].what,
		       rules[rule].example);
	}
	return 0;
}
