#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Messages: their levels, what they are with --log-json, which has a schema, and that each says what it is about, and what
# is to be done if there is something.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

plan 51
cd "$work" || exit

# says LEVEL COMMAND...: its messages, without the program's name.
says() {
	"${@:2}" ${1:+"$1"} 2>&1 >/dev/null | sed 's/^[a-z]*: //'
}

# Levels -----------------------------------------------------------------------------------------------

for program in crdump crrestore; do
	is "$program -v0 says nothing" "$(says -v0 $program)" ""
	like "$program -v1 says errors" "$(says -v1 $program)" 'is missing \(--help tells more\)$'
	for bad in -v5 -vx --verbose=44 --verbose=; do
		like "$program $bad is no level" "$(says $bad $program)" 'is no level from 0 to 4'
	done
done

# What was dumped is said from level 3 on, and what is to be known from 2.
background pid hold flock:w:file
locks() {
	says "$1" crdump --locks-only --source proc -t "$pid" -D "locks$1"
}
is "nothing of what went well unless it is asked for" "$(for level in '' -v0 -v1 -v2; do locks "$level"; done)" ""
is "more than once is one more each" "$(locks -v; locks -v3; locks -v4; locks -vv)" "$(yes '1 locks of 1 open file descriptions, 1 processes' | head -n 4)"

# JSON -------------------------------------------------------------------------------------------------

crdump --log-json -v --locks-only --source proc -t "$pid" -D json 2>info >/dev/null
is "one line for each" "$(jq -r '[.level, .program, .message] | @tsv' info)" \
	$'info\tcrdump\t1 locks of 1 open file descriptions, 1 processes'
crrestore --log-json -D $'no"where\\\e[31m\xff' 2>error
is "what terminals obey, and what is no UTF-8, is not in it" "$(jq -r .message error)" \
	'no"where\\x1b[31m\xff: No such file or directory'
# A process that does what is in the way: in a session of another, with an inotify that has something to read.
background blocked /usr/bin/python3 -c '
import ctypes, os, sys
libc = ctypes.CDLL(None)
fd = libc.inotify_init()
libc.inotify_add_watch(fd, b".", 0xfff)
open("touched", "w").close()
print(os.getpid(), flush=True)
sys.stdin.read()'
crdump --log-json --source proc -t "$blocked" -D blocked 2>in-the-way
is "a process is told as a number" "$(jq -s "map(select(.pid == $blocked)) | length > 0" in-the-way)" true
is "a descriptor too" "$(jq -s -c "[.[] | select(.message | test(\"inotify\")) | [.pid, .fd]]" in-the-way)" "[[$blocked,3]]"
for file in info error in-the-way; do
	printf 'log lines %s\n' $file
done >files
jq -c '.new = 1' info >new
jq -c '.fd = 3 | del(.pid)' info >no-pid
printf 'log lines %s\n' new no-pid >>files
/usr/bin/python3 "$root/selftests/crlock/schema.py" "$root/uapi" <files >judged
is "all as the schema says" "$(grep -c ': valid$' judged)" 3
like "of which no member more is seen" "$(grep '^new:' judged)" "'new' was unexpected"
like "nor a descriptor of nobody" "$(grep '^no-pid:' judged)" "'pid' is a dependency of 'fd'"

# The other programs -------------------------------------------------------------------------------------

crlock --log-json ls --source proc --frob 2>crlock.json
is "crlock has the same" "$(jq -r '[.level, .program, .message] | @tsv' crlock.json)" \
	$'error\tcrlock\t--frob: no such option (--help tells more)'
is "of the same schema" "$(echo log lines crlock.json | /usr/bin/python3 "$root/selftests/crlock/schema.py" "$root/uapi")" \
	"crlock.json: valid"
printf 'what was there before, and is longer than what comes\n%.0s' {1..9} >log
is "with a log nothing is on standard error" "$(crlock --log-file log ls --pid 4000000 2>&1)" ""
is "but there" "$(<log)" "crlock: process 4000000: no such process"
crlock -o log --log-json ls --pid 4000000
is "both go together" "$(jq -r .message log)" "process 4000000: no such process"
like "what a command prints stays where it was" "$(crlock -o log ls --source proc --pid "$pid")" "$work/file"
is "a log that cannot be" "$(crlock -o no/log ls 2>&1; echo $?)" $'crlock: no/log: No such file or directory\n2'
is "options behind the command are its own" "$(crlock ls --log-json 2>&1; echo $?)" \
	$'crlock: --log-json: no such option (--help tells more)\n2'
is "what one has no value is said" "$(crlock --log-file 2>&1; echo $?)" \
	$'crlock: --log-file: needs a value (--help tells more)\n2'
for bad in "--frob: no such option" "-q: no such option" "--tree: needs a value"; do
	is "crlock-criu: $bad" "$(crlock-criu dump "${bad%%:*}" 2>&1; echo $?)" \
		"crlock-criu: $bad (--help tells more)"$'\n2'
done

# What is to be done ------------------------------------------------------------------------------------

# Few messages name nothing, and these are known. A new one is to say where, and what to do, or to be put here.
cat >known <<'END'
criu/main.c: swrk: FD is missing, or there is more
crlock/main.c: no command
crlock/show.c: no directory of a checkpoint
criu/options.c: there is no command: dump, restore, check or swrk
dump/facts.c: without the module system calls run in the target, and the time that is left of poll, of futex, and of a sleep that does not ask for it, is not known
locks/proc.c: descriptors of other users' processes cannot be read (root can)
locks/proc.c: without kcmp(2) holders by fork are not told
END
is "each message names what it is about" \
	"$(/usr/bin/python3 "$root/selftests/unit/messages.py" "$root/user" | sort)" "$(sort known)"

# hint PATTERN STATUS COMMAND...: its last message, and its status.
hint() {
	local pattern=$1 wanted=$2

	shift 2
	timeout 60 "$@" >out 2>said </dev/null
	like "$pattern" "$? $(tail -n 1 said)" "^$wanted [a-z]+(-criu)?: $pattern\$"
}

hint '-D DIR is missing \(--help tells more\)' 2 crdump -t "$pid"
hint '-D DIR is missing \(--help tells more\)' 2 crrestore
hint 'more: one argument too many \(--help tells more\)' 2 crdump -t "$pid" -D image more
hint 'there is no command: dump, restore, check or swrk \(--help tells more\)' 2 crlock-criu
hint 'no directory of a checkpoint \(--help tells more\)' 2 crlock show
hint '4000000: no such process' 3 crdump -t 4000000 -D image
hint '[0-9]+: this is the process that would stop it' 3 sh -c 'crdump -t $$ -D image; exit $?'

crdump --locks-only --source proc -t "$pid" -D image 2>/dev/null
hint 'image: holds a checkpoint already: there is inventory.img \(take another directory, or remove it\)' 4 \
	crdump --locks-only --source proc -t "$pid" -D image
hint '.*/file: FLOCK WRITE: in the way is FLOCK WRITE of .* \(--on-conflict=wait waits for it, skip does without\)' 1 \
	crrestore --locks-only -D image -- true

background parent hold flock:w:shared --child flock:w:own
child=$(pgrep -P "$parent" -x hold)
hint "FLOCK WRITE of .*/shared .*: is shared outside the tree, with process $parent .* \\(--external-locks allows it\\)" 1 \
	crdump --locks-only --source proc -t "$child" -D shared-locks

sh -c 'sleep 0 & exec sleep 1000' </dev/null >/dev/null 2>&1 &
background_pids+=($!)
sleeper=$!
zombie_of() {
	zombie=$(pgrep -P "$sleeper") && grep -q '^State:	Z' "/proc/$zombie/status"
}
until_true zombie_of
hint "$zombie: is a zombie: it has ended \\(its parent is to wait for it\\)" 3 crdump -t "$zombie" -D ended

setsid sleep 1000 </dev/null >/dev/null 2>&1 &
background_pids+=($!)
whole=$!
until_true grep -q '^sleep$' "/proc/$whole/comm"
if crdump --source proc -R -t "$whole" -D whole 2>/dev/null; then
	crrestore --check -D whole >said 2>&1
	like "a pid that is taken" "$(<said)" "$whole: the pid is taken by sleep \\(end who has it, or restore in another pid namespace\\)"
else
	skip "a pid that is taken" "this user may not dump"
fi

terminal() {
	/usr/bin/python3 "$root/selftests/terminal.py" 200 raw "$@"
}
is "a stream to a terminal" "$(terminal crdump --stream -t "$pid")" \
	"crdump: --stream: standard output is a terminal, not a pipe to crrestore --stream, or a file (--help tells more)"
is "a stream from a terminal" "$(terminal crrestore --stream)" \
	"crrestore: --stream: standard input is a terminal, not a pipe from crdump --stream, or a file (--help tells more)"

if [[ -e /sys/module/crlock ]]; then
	skip "the module that is not loaded" "it is"
else
	hint 'module crlock is not loaded \(modprobe crlock loads it, or says why\)' 3 crlock info --no-load
fi
if unshare -pf true 2>/dev/null; then
	hint '/proc is that of another pid namespace \(mount -t proc proc /proc mounts that of this one\)' 1 \
		unshare -pf crlock ls
else
	skip "/proc of another pid namespace" "this user has none"
fi
if ((EUID)); then
	skip "a process of another user" "it takes root to be another"
else
	hint "$pid: cannot be traced: Operation not permitted \\(it takes root, or CAP_SYS_PTRACE\\)" 3 \
		setpriv --bounding-set=-sys_ptrace --inh-caps=-sys_ptrace crdump --locks-only --source proc -t "$pid" -D other
fi
finish
