// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

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

int proc_stat_parse(struct proc_text text, struct proc_stat *stat)
{
	struct proc_text word;
	bool ok;

	if (!parse_pid(proc_text_word(&text), &stat->pid) || !proc_text_skip(&text, " ") ||
	    !parse_comm(&text, stat))
		return -EINVAL;
	word = proc_text_word(&text);
	stat->state = word.at < word.end ? *word.at : '?';
	ok = parse_pid(proc_text_word(&text), &stat->ppid) &&
	     parse_pid(proc_text_word(&text), &stat->pgrp) &&
	     parse_pid(proc_text_word(&text), &stat->session) &&
	     parse_pid(proc_text_word(&text), &stat->tty_nr) &&
	     /* tpgid to nice */
	     skip_words(&text, 12) &&
	     proc_text_unsigned(proc_text_word(&text), 10, UINT64_MAX, &stat->num_threads) &&
	     /* itrealvalue */
	     skip_words(&text, 1) &&
	     proc_text_unsigned(proc_text_word(&text), 10, UINT64_MAX, &stat->start_time);
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
	else if (proc_text_skip(&line, "Threads:"))
		ok = proc_text_unsigned(proc_text_word(&line), 10, UINT64_MAX, &status->threads);
	else if (proc_text_skip(&line, "NSpid:"))
		ok = parse_nspid(line, status);
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
