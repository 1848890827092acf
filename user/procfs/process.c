// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "procfs/process.h"

static bool parse_pid(struct proc_text word, pid_t *pid)
{
	int64_t value;

	if (!proc_text_signed(word, &value) || value < INT_MIN || value > INT_MAX)
		return false;
	*pid = value;
	return true;
}

/* The name is in parentheses and may have some of its own: the last one ends it. */
static bool parse_comm(struct proc_text *text, struct proc_stat *stat)
{
	const char *end = memrchr(text->at, ')', proc_text_len(*text));
	size_t len;

	if (!proc_text_skip(text, "(") || !end)
		return false;
	len = end - text->at;
	if (len >= sizeof(stat->comm))
		len = sizeof(stat->comm) - 1;
	memcpy(stat->comm, text->at, len);
	stat->comm[len] = '\0';
	text->at = end + 1;
	return true;
}

static bool skip_words(struct proc_text *text, unsigned int nr)
{
	struct proc_text word = *text;

	while (nr-- && word.at < word.end)
		word = proc_text_word(text);
	return word.at < word.end;
}

static bool parse_number(struct proc_text *text, uint64_t *value)
{
	return proc_text_unsigned(proc_text_word(text), 10, UINT64_MAX, value);
}

/* What follows the time of the start. */
static bool parse_memory(struct proc_text *text, struct proc_stat *stat)
{
	/* vsize, rss, rsslim; then kstkesp to cnswap; then processor to cguest_time */
	return skip_words(text, 3) && parse_number(text, &stat->start_code) &&
	       parse_number(text, &stat->end_code) && parse_number(text, &stat->start_stack) &&
	       skip_words(text, 9) && proc_text_signed(proc_text_word(text), &stat->exit_signal) &&
	       skip_words(text, 6) && parse_number(text, &stat->start_data) &&
	       parse_number(text, &stat->end_data) && parse_number(text, &stat->start_brk) &&
	       parse_number(text, &stat->arg_start) && parse_number(text, &stat->arg_end) &&
	       parse_number(text, &stat->env_start) && parse_number(text, &stat->env_end) &&
	       proc_text_signed(proc_text_word(text), &stat->exit_code);
}

int proc_stat_parse(struct proc_text text, struct proc_stat *stat)
{
	struct proc_text word;
	int64_t foreground = 0;
	bool ok;

	if (!parse_pid(proc_text_word(&text), &stat->pid) || !proc_text_skip(&text, " ") ||
	    !parse_comm(&text, stat))
		return -EINVAL;
	word = proc_text_word(&text);
	stat->state = word.at < word.end ? *word.at : '?';
	ok = parse_pid(proc_text_word(&text), &stat->ppid) && parse_pid(proc_text_word(&text), &stat->pgrp) &&
	     parse_pid(proc_text_word(&text), &stat->session) &&
	     parse_pid(proc_text_word(&text), &stat->tty_nr) &&
	     proc_text_signed(proc_text_word(&text), &foreground) && parse_number(&text, &stat->flags) &&
	     /* minflt to priority */
	     skip_words(&text, 9) && proc_text_signed(proc_text_word(&text), &stat->nice) &&
	     parse_number(&text, &stat->num_threads) &&
	     /* itrealvalue */
	     skip_words(&text, 1) && parse_number(&text, &stat->start_time) && parse_memory(&text, stat);
	stat->foreground = foreground > 0 ? foreground : 0;
	return ok ? 0 : -EINVAL;
}

int proc_stat_read(int dir, struct proc_stat *stat)
{
	char buf[4096];
	ssize_t len = proc_read(dir, "stat", buf, sizeof(buf));

	return len < 0 ? len : proc_stat_parse(proc_text(buf, len), stat);
}

int proc_comm_read(int dir, char comm[PROC_COMM_MAX])
{
	ssize_t len = proc_read(dir, "comm", comm, PROC_COMM_MAX);

	if (len < 0)
		return len;
	if (len > 0 && comm[len - 1] == '\n')
		comm[len - 1] = '\0';
	return 0;
}

int proc_stat_of(pid_t pid, struct proc_stat *stat)
{
	int dir = proc_open(pid), err = dir < 0 ? dir : proc_stat_read(dir, stat);

	if (dir >= 0)
		close(dir);
	return err;
}

int proc_comm_of(pid_t pid, char comm[PROC_COMM_MAX])
{
	int dir = proc_open(pid), err = dir;

	if (dir >= 0) {
		err = proc_comm_read(dir, comm);
		close(dir);
	}
	if (err)
		*comm = '\0';
	return err;
}

static bool parse_ids(struct proc_text line, uint32_t ids[4])
{
	uint64_t value;

	for (int i = 0; i < 4; i++) {
		if (!proc_text_unsigned(proc_text_word(&line), 10, UINT32_MAX, &value))
			return false;
		ids[i] = value;
	}
	return true;
}

static bool parse_nspid(struct proc_text line, struct proc_status *status)
{
	struct proc_text word = proc_text_word(&line);

	status->nr_nspid = 0;
	while (word.at < word.end) {
		if (status->nr_nspid == PROC_NSPID_MAX ||
		    !parse_pid(word, &status->nspid[status->nr_nspid++]))
			return false;
		word = proc_text_word(&line);
	}
	return true;
}

static const struct {
	const char *name;
	size_t offset;
	unsigned int base;
} numbers[] = {
	{ "Umask:", offsetof(struct proc_status, umask), 8 },
	{ "Threads:", offsetof(struct proc_status, threads), 10 },
	{ "SigPnd:", offsetof(struct proc_status, sig_pending), 16 },
	{ "ShdPnd:", offsetof(struct proc_status, process_pending), 16 },
	{ "SigBlk:", offsetof(struct proc_status, sig_blocked), 16 },
	{ "CapInh:", offsetof(struct proc_status, cap_inh), 16 },
	{ "CapPrm:", offsetof(struct proc_status, cap_prm), 16 },
	{ "CapEff:", offsetof(struct proc_status, cap_eff), 16 },
	{ "CapBnd:", offsetof(struct proc_status, cap_bnd), 16 },
	{ "CapAmb:", offsetof(struct proc_status, cap_amb), 16 },
	{ "NoNewPrivs:", offsetof(struct proc_status, no_new_privs), 10 },
	{ "Seccomp:", offsetof(struct proc_status, seccomp), 10 },
};

static bool parse_named_number(struct proc_text line, struct proc_status *status)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		uint64_t *value = (uint64_t *)((char *)status + numbers[i].offset);

		if (proc_text_skip(&line, numbers[i].name))
			return proc_text_unsigned(proc_text_word(&line), numbers[i].base, UINT64_MAX, value);
	}
	return true;
}

int proc_status_line(struct proc_text line, struct proc_status *status)
{
	bool ok = true;

	if (proc_text_skip(&line, "Tgid:"))
		ok = parse_pid(proc_text_word(&line), &status->tgid);
	else if (proc_text_skip(&line, "Pid:"))
		ok = parse_pid(proc_text_word(&line), &status->pid);
	else if (proc_text_skip(&line, "PPid:"))
		ok = parse_pid(proc_text_word(&line), &status->ppid);
	else if (proc_text_skip(&line, "TracerPid:"))
		ok = parse_pid(proc_text_word(&line), &status->tracer);
	else if (proc_text_skip(&line, "Uid:"))
		ok = parse_ids(line, status->uid);
	else if (proc_text_skip(&line, "Gid:"))
		ok = parse_ids(line, status->gid);
	else if (proc_text_skip(&line, "NSpid:"))
		ok = parse_nspid(line, status);
	else
		ok = parse_named_number(line, status);
	return ok ? 0 : -EINVAL;
}

int proc_status_read(int dir, struct proc_status *status)
{
	struct proc_lines *lines = malloc(sizeof(*lines));
	struct proc_text line;
	int err, ret;

	if (!lines)
		return -ENOMEM;
	memset(status, 0, sizeof(*status));
	err = proc_lines_open(lines, dir, "status");
	if (!err) {
		while (!err && (ret = proc_lines_next(lines, &line))) {
			err = ret < 0 ? ret : proc_status_line(line, status);
		}
		proc_lines_close(lines);
	}
	free(lines);
	return err;
}

/* A process can have 65536 groups, and a line of the usual reader would be cut. */
int proc_groups_read(int dir, uint32_t **groups)
{
	const size_t size = 1 << 20;
	char *buf = malloc(size), *line;
	ssize_t len = buf ? proc_read(dir, "status", buf, size) : -ENOMEM;
	struct proc_text text, word;
	uint64_t group;
	int nr = 0;

	*groups = NULL;
	line = len < 0 ? NULL : strstr(buf, "\nGroups:");
	if (line && strchr(line + 1, '\n')) {
		text = proc_text(line + 1, strchr(line + 1, '\n') - line - 1);
		*groups = calloc(proc_text_len(text) / 2 + 1, sizeof(**groups));
		len = *groups ? len : -ENOMEM;
		proc_text_skip(&text, "Groups:");
		while (*groups && (word = proc_text_word(&text), word.at < word.end)) {
			if (proc_text_unsigned(word, 10, UINT32_MAX, &group))
				(*groups)[nr++] = group;
		}
	}
	free(buf);
	return len < 0 ? len : nr;
}
