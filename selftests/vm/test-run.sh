#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The contract of selftests/vm/run.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

run=$root/selftests/vm/run

# Each takes a boot, so one guest answers several questions.
plan 22

status_of() {
	"$@" >"$work/out" 2>"$work/err"
	echo $?
}

for kernel in 6.1 6.12; do
	is "$kernel: the exit status is passed on" \
		"$(status_of "$run" -k "$kernel" -- sh -c 'uname -r; id -u; pwd; echo two >&2; exit 7')" 7
	like "$kernel: it is that kernel, root, and this directory" \
		"$(<"$work/out")" "^${kernel//./\\.}[.-].*"$'\n'0$'\n'"$PWD\$"
	is "$kernel: standard error is apart" "$(<"$work/err")" two
done

is "a signal is told as a shell does" "$(status_of "$run" -- sh -c 'kill -TERM $$')" 143
is "a command that is not there gives 127" "$(status_of "$run" -- no-such-command)" 127

is "a large output is complete" \
	"$("$run" -- sh -c 'head -c 3000000 /dev/zero | tr "\0" x' | wc -c)" 3000000
is "standard input reaches the command" "$(seq 1000 | "$run" -i -- wc -l)" 1000

mkdir "$work/shared" "$work/hidden"
chmod 755 "$work"
export TMPDIR=$work
(
	cd "$work" || exit
	"$run" --rw "$work/shared" -- sh -c "echo a >$work/shared/a; echo b >$work/hidden/b; rm -f $root/README.md"
)
is "what is written to --rw stays" "$(cat "$work/shared/a" 2>&1)" a
check "what is written elsewhere does not" test ! -e "$work/hidden/b"
check "what is removed there stays here" test -e "$root/README.md"

is "-t ends a command that does not end" "$(status_of "$run" -t 10 -- sleep 1000)" 124
like "and says so" "$(<"$work/err")" 'vm/run: time-out'

is "a crash is told" "$(status_of "$run" -- sh -c 'echo c >/proc/sysrq-trigger')" 122
like "and what the kernel said" "$(<"$work/err")" 'sysrq triggered crash'

warn='echo "<4>[ cut here ]" >/dev/kmsg; echo "<4>WARNING: CPU: 0 PID: 1 at a.c:1 f+0x0/0x1" >/dev/kmsg'
is "a bug in the kernel log is told" "$(status_of "$run" -- sh -c "$warn")" 123
is "but with --allow-splat" "$(status_of "$run" --allow-splat -- sh -c "$warn")" 0

is "a kernel that is not there is bad usage" "$(status_of "$run" -k 9.9 -- true)" 125
is "so is a memory size that is none" "$(status_of "$run" -m much -- true)" 125

# A device that opens and is no KVM stands for one that starts guests and never runs them.
is "an unusable KVM falls back to emulation" \
	"$(CRLOCK_BUILD=$work/build CRLOCK_VM_KVM_DEVICE=/dev/null status_of "$run" -- true)" 0
finish
