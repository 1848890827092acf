#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The sqlite3 shell in a transaction, with a journal that has begun to be written back, and with a log.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

# A cache that small makes sqlite3 write to the database before it commits: whoever finds the journal without
# the locks undoes that.
declare -A begin=(
	[delete]='PRAGMA journal_mode = DELETE; PRAGMA cache_size = 10; BEGIN IMMEDIATE;'
	[wal]='PRAGMA journal_mode = WAL; BEGIN IMMEDIATE;'
)
readonly insert='WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 2000)
	INSERT INTO t SELECT x, hex(zeroblob(100)) FROM n;'

# tell TEXT: to the shell, which then makes a file.
tell() {
	printf '%s\n.shell touch %s\n' "$1" "$2" >&"$input"
}

other() {
	sqlite3 accounts.db 'INSERT INTO t VALUES (0, "")' 2>&1
}

plan $((9 * 2 * ${#sources[@]}))
for source in "${sources[@]}"; do
	use "$source"
	for mode in delete wal; do
		fresh
		mkfifo input
		exec {input}<>input
		start input sqlite3 accounts.db
		tell "CREATE TABLE t (x, y); ${begin[$mode]} $insert" begun
		check "$source: $mode: sqlite3 is in a transaction" until_so exists begun
		round_trip "$mode: sqlite3"
	keeps_locks "$mode: sqlite3"
		like "$source: $mode: another is refused" "$(other)" 'database is locked'
		tell 'COMMIT;' committed
		check "$source: $mode: sqlite3 commits" until_so exists committed
		is "$source: $mode: all of it is there" \
			"$(sqlite3 accounts.db 'PRAGMA integrity_check; SELECT count(*), sum(x) FROM t')" \
			$'ok\n2000|2001000'
		is "$source: $mode: sqlite3 has said nothing else" "$(grep -vx "$mode" out)" ""
		exec {input}>&-
		end_members
	done
done
finish
