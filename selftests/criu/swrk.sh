#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# crlock-criu swrk: requests of CRIU's protocol, as a container engine sends them.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
readonly here=$root/selftests/criu
# As it finds itself.
program=$(realpath "$build/bin/crlock-criu")
readonly program

plan 55
cd "$work" || exit
mkdir images other

# ask NAME=VALUE...: what comes back, in one line.
ask() {
	timeout 120 /usr/bin/python3 "$here/swrk.py" "$build/bin/crlock-criu" "$@" 2>said </dev/null | xargs -d '\n' echo
}

# What needs no process --------------------------------------------------------------------------------

is "the version is one that engines take" "$(ask type=VERSION)" "VERSION done 3.15 exit 0"
is "one connection can have more requests" "$(ask type=VERSION again=1)" "VERSION done 3.15 VERSION done 3.15 exit 0"
is "features that are asked about are not there" "$(ask type=FEATURE_CHECK features=mem_track features=lazy_pages)" \
	"FEATURE_CHECK done mem_track=False lazy_pages=False exit 0"
is "a check is made" "$(ask type=CHECK)" "CHECK done exit 0"
is "a request of another type is refused" "$(ask type=PAGE_SERVER)" \
	"PAGE_SERVER failed 95 requests of type 5 are not supported exit 2"
is "what is no request is" "$(ask raw=ffff)" "EMPTY failed 74 the message is no request exit 2"
is "and what is too long" "$(ask size=300000)" "EMPTY failed 90 the message is too long exit 2"
like "which is said too" "$(<said)" '^crlock-criu: swrk: the message is too long$'
is "a dump without options" "$(ask type=DUMP)" "DUMP failed 22 there are no options exit 2"

# A dump -------------------------------------------------------------------------------------------------

setsid counter count </dev/null >/dev/null 2>&1 &
disown $!
until_true grep -q ready count
pid=$(sed -n 's/ready //p' count)
background_pids+=("$pid")

# has_more LINES
has_more() {
	(($(wc -l <count) > $1))
}

# goes_on: whether the process counts.
goes_on() {
	until_true has_more "$(wc -l <count)"
}

is_gone() {
	! kill -0 "$pid"
} 2>/dev/null

dump=(type=DUMP "pid=$pid" "images=$PWD/images")
restore=(type=RESTORE "images=$PWD/images")
is "a dump with an option that is not supported" "$(ask "${dump[@]}" lazy_pages=1 log_file=dump.log)" \
	"DUMP failed 95 option lazy_pages is not supported exit 2"
is "is refused in the log too" "$(<images/dump.log)" "crlock-criu: option lazy_pages is not supported"
is "a log outside of its directory" "$(ask "${dump[@]}" log_file=../log)" \
	"DUMP failed 22 log_file: '../log' is no name of a file exit 2"
is "no process" "$(ask type=DUMP "images=$PWD/images")" \
	"DUMP failed 95 there is no pid: a process cannot dump itself exit 2"
is "a process that is not there" "$(ask type=DUMP pid=4000000 "images=$PWD/images")" \
	"DUMP failed 3 crdump: 4000000: no such process exit 3"
is "of all this nothing is left but logs" "$(ls images)" "criu.log"$'\n'"dump.log"
check "and the process goes on" goes_on

is "who is told and does not want it ends a dump before it begins" \
	"$(ask "${dump[@]}" notify_scripts=1 veto=pre-dump)" \
	"notice pre-dump $pid DUMP failed 16 crdump: $program: pre-dump: exit status 1 exit 1"
check "the process goes on" goes_on
is "or at its end" "$(ask "${dump[@]}" notify_scripts=1 veto=post-dump)" \
	"notice pre-dump $pid notice post-dump $pid DUMP failed 16 crdump: $program: post-dump: exit status 1 exit 1"
check "and then it goes on too" goes_on
check "without a checkpoint" test ! -e images/inventory.img

is "a process is left running" "$(ask "${dump[@]}" leave_running=1)" "DUMP done exit 0"
check "and runs" goes_on
rm -f images/*
is "a process is dumped, with notices" "$(ask "${dump[@]}" notify_scripts=1 log_level=4 "work=$PWD/other")" \
	"notice pre-dump $pid notice post-dump $pid DUMP done exit 0"
check "and is gone" until_true is_gone
like "the log is in the other directory" "$(<other/criu.log)" 'crdump: 1 processes'

# A restore ----------------------------------------------------------------------------------------------

is "a restore with an option that is not supported" "$(ask "${restore[@]}" lsm_profile=apparmor:x)" \
	"RESTORE failed 95 option lsm_profile is not supported exit 2"
is "without a checkpoint" "$(ask type=RESTORE "images=$PWD/other" log_file=r.log)" \
	"RESTORE failed 16 $(tail -n 1 other/r.log) exit 4"
is "who is told and does not want it ends it before it begins" \
	"$(ask "${restore[@]}" notify_scripts=1 veto=pre-restore)" \
	"notice pre-restore RESTORE failed 16 crrestore: $program: pre-restore: exit status 1 exit 1"
is "or before the process goes on" "$(ask "${restore[@]}" notify_scripts=1 veto=post-restore)" \
	"notice pre-restore notice post-restore $pid RESTORE failed 16 crrestore: $program: post-restore: exit status 1 exit 1"
check "and then nothing is left of it" is_gone
is "a process is restored, with notices, as a child of the caller" \
	"$(ask "${restore[@]}" notify_scripts=1 rst_sibling=1 cpu_cap=4294967295 manage_cgroups=1)" \
	"notice pre-restore notice post-restore $pid notice pre-resume $pid notice post-resume $pid RESTORE done $pid child exit 0"
check "and goes on" goes_on
is "it has none of the caller's descriptors" "$(find "/proc/$pid/fd" -lname 'socket:*' -o -lname '*pidfile*')" ""
kill -KILL "$pid"
check "it ends" until_true is_gone
is "it is restored as somebody else's" "$(ask "${restore[@]}")" "RESTORE done $pid other exit 0"
check "and goes on then too" goes_on
is "what is there already cannot be restored" "$(ask "${restore[@]}")" \
	"RESTORE failed 16 crrestore: $pid: cannot be made: the pid is taken (end who has it, or restore in another pid namespace) exit 1"
check "which does no harm" goes_on

# The command line ---------------------------------------------------------------------------------------

rm -rf images
mkdir images
check "criu's command line dumps" crlock-criu dump -t "$pid" -D images -o dump.log -v4 --tcp-established --file-locks
until_true is_gone
check "and restores" crlock-criu restore -D images -d -W other -o restore.log --pidfile pid -v4
is "as it says" "$(<other/pid) $(grep -c processes images/dump.log other/restore.log | xargs)" \
	"$pid images/dump.log:1 other/restore.log:1"

# Scripts of criu's users --------------------------------------------------------------------------------

# last_of COMMAND...: its exit status, and what it says at last.
last_of() {
	local text status

	text=$("$@" 2>&1 </dev/null)
	status=$?
	printf '%d %s' "$status" "${text##*$'\n'}"
}

cat >script <<'END'
#!/bin/sh
echo "$CRTOOLS_SCRIPT_ACTION $CRTOOLS_IMAGE_DIR $CRTOOLS_INIT_PID" >>told
test ! -e "fail-$CRTOOLS_SCRIPT_ACTION"
END
chmod +x script
rm -rf images
check "a dump runs a script" crdump -t "$pid" -D images --action-script ./script
is "which is told of it" "$(<told)" "pre-dump images $pid"$'\n'"post-dump images $pid"
until_true is_gone
rm told
check "so does a restore" crrestore -d -D images --action-script ./script
is "with what is known" "$(sed 's/ $//' told)" "pre-restore images
post-restore images $pid
pre-resume images $pid
post-resume images $pid"
: >fail-post-dump
is "a script that fails ends a dump" "$(last_of crdump -t "$pid" -D again --action-script ./script)" \
	"1 crdump: ./script: post-dump: exit status 1"
check "nothing is left of it" test ! -e again
check "and the process goes on" goes_on
is "so does one that is not there" "$(last_of crdump -t "$pid" -D again --action-script ./none)" \
	"1 crdump: ./none: pre-dump: was not found"
is "what cannot be had is refused" "$(last_of crdump -t "$pid" -D again --lazy-pages)" \
	"2 crdump: --lazy-pages: memory is restored at once, not lazily (--help tells more)"
is "by crrestore too" "$(last_of crrestore -D images --join-ns net:1)" \
	"2 crrestore: --join-ns: namespaces are not supported (--help tells more)"
kill -KILL "$pid"
until_true is_gone
: >fail-pre-resume
is "a script that fails ends a restore" "$(last_of crrestore -d -D images --action-script ./script)" \
	"1 crrestore: ./script: pre-resume: exit status 1"
check "and nothing is left of that" is_gone
check "what does nothing is taken" crrestore -d -D images --tcp-established -l --ghost-limit 9 --manage-cgroups=ignore
finish
