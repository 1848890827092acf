#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# crrestore --pidfile: the pid is there when the process goes on; if it cannot be written, nothing is restored, and
# the file is as it was.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

# comes NAME FILE: a restore that writes this file.
comes() {
	status crrestore -d -D image --pidfile "$2"
	check "$1: the process is there" kill -0 "$pid"
	kill -KILL "$pid"
	until_true is_gone
}

# fails NAME FILE WHY: a restore that cannot write it.
fails() {
	status crrestore -d -D image --pidfile "$2"
	is "$1: a restore says so" "$status $said" "4 crrestore: $2: $3"
	check "$1: no process is left" is_gone
}

cd "$work" || exit
plan 26

run_counter
check "a process is dumped" crdump -t "$pid" -D image
until_true is_gone

comes "a file that is not there" new
is "it has the pid" "$status $said $(<new)" "0  $pid"
echo "what was there before is longer" >old
comes "a file that is there" old
is "it has the pid and nothing else" "$status $said $(<old)" "0  $pid"
ln -s old link
echo before >old
comes "a link" link
is "the file that it leads to has the pid" "$status $(<old) $(readlink link)" "0 $pid old"
mkfifo fifo
exec {fifo}<>fifo
comes "a fifo that is open for reading" fifo
read -r -t 30 -u "$fifo" line
is "the pid can be read from it" "$status $said $line" "0  $pid"
exec {fifo}>&-

# A script runs before the processes go on.
cat >script <<'END'
#!/bin/sh
test "$CRTOOLS_SCRIPT_ACTION" != pre-resume
END
chmod +x script
echo before >old
status crrestore -d -D image --pidfile old --action-script "$work/script"
is "what a script refuses leaves it as it was" "$status $(<old)" "1 before"
check "and no process" is_gone

fails "no directory" no/pid "No such file or directory"
fails "a fifo that nobody reads" fifo "No such device or address"
fails "a device that is full" /dev/full "No space left on device"
mkdir full
mount -t tmpfs -o size=4k,mode=700 crlock "$work/full"
dd if=/dev/zero of=full/all bs=4k count=1 2>/dev/null
fails "a file system that is full" full/pid "No space left on device"
is "the file is not left" "$(ls full)" all
umount full
head -c 4097 /dev/zero >large
sum=$(sha256sum large)
fails "a file that is too large to be one" large "has more than 4096 bytes, and so is no file for a pid"
is "it is as it was" "$(sha256sum large)" "$sum"

# It can be written, but not cut off.
cat >seal.py <<'END'
import fcntl
import os
import sys
file = os.memfd_create("pid", os.MFD_ALLOW_SEALING)
before = b"what was there before is longer\n"
os.write(file, before)
fcntl.fcntl(file, 1033, 2)  # F_ADD_SEALS, F_SEAL_SHRINK
status = os.spawnvp(os.P_WAIT, sys.argv[1], sys.argv[1:-1] + ["/proc/%d/fd/%d" % (os.getpid(), file)])
print(status, os.pread(file, 4096, 0) == before)
END
is "what was written is taken back: the file is as it was" \
	"$(python3 -B seal.py crrestore -d -D image --pidfile FILE 2>said)" "4 True"
like "and says so" "$(<said)" "^crrestore: /proc/[0-9]*/fd/[0-9]*: Operation not permitted\$"
check "no process is left" is_gone
finish
