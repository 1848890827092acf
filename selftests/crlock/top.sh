#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# crlock top, as text and on a real terminal, which is one of tmux(1).

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

cd "$work" || exit
plan 82
# Events of one CPU, as in monitor.sh.
! grep -q "QEMU TCG" /proc/cpuinfo || taskset -pc 0 $$ >/dev/null
export LC_ALL=C.UTF-8
keep_leases
trap 'tmux -L "$socket" kill-server 2>/dev/null
	grep -q "^crlock " /proc/modules || insmod "$CRLOCK_KO"
	echo "$break_time_before" >$break_time
	clean_up' EXIT
readonly socket=crlock-test-$$

# What is contended for -----------------------------------------------------------------------------------

# Of hot two wait for one range, and nobody for the other; of warm one waits; a lease is being broken.
readonly evil=$'\e]0;owned\a\e[31m'
cp "$(command -v hold)" "$evil"
background holder hold posix:w:0-9:hot posix:w:100-109:hot flock:r:warm lease:w:leased
background sharer hold flock:r:warm
for spec in posix:w:0-9:hot posix:r:3-4:hot flock:w:warm; do
	background "waiter" waiter "$spec"
	until_true waits "$waiter"
done
background breaker breaker r leased
background other "./$evil" "flock:w:x$evil"

# Text -------------------------------------------------------------------------------------------------

# row PATTERN: of the last lines that were printed, in words with single blanks.
row() {
	sed -n '/^WAITERS/,$p' <<<"$out" | grep -E -- "$1" | tr -s ' ' | sed "s/^ //; s|$work/||"
}

# top OPTION...: what is shown once.
top() {
	run crlock top --batch --iterations 1 --delay 0.3 "$@"
}

top --filter "$work/hot"
is "text: no error" "$status $said" "0 "
like "a line of all" "$(head -n 1 <<<"$out")" \
	'^crlock top [0-9:]{8}  [0-9]+ locks, 4 waiters, [0-9]+\.[0-9]/s  by waiters$'
is "then the filter, and names of columns" "$(sed -n '2p;3p' <<<"$out" | tr -s ' ')" "Filter: $work/hot. 
WAITERS OLDEST CHURN/S KIND LOCK HOLDERS PATH"
like "two wait for the one range" "$(row ' 0-9 ')" "^2 >[0-9]+\.[0-9]s POSIX WRITE 0-9 $holder:3\(hold\) hot\$"
is "nobody for the other" "$(row '100-109')" "POSIX WRITE 100-109 $holder:4(hold) hot"
is "and that is all of the file" "$(wc -l <<<"$out")" 5
top --filter warm
like "readers that share a lock are a row, with how many they are" "$(row warm)" \
	"^1 >[0-9.]+s FLOCK READ x2 ($holder|$sharer):[0-9](\(hold\)) warm\$"
top --kind lease --filter leased
like "who opens waits for a lease" "$(row leased)" "^1 >[0-9.]+s LEASE WRITE>READ [0-9.]+s $holder:[0-9]\(hold\) leased\$"
# As fast as it can: an emulated CPU has little time for anything else meanwhile.
mkdir churning
background churn churn churning
twice() {
	run crlock top -b -n 2 -d 0.1 --sort churn --filter churning
}
# A busy machine may not come to take one in the time between two readings.
tells_how_often() {
	twice
	row churning | grep -v ^Filter | head -n 1 | grep -qE '^([0-9?]+ >?[0-9.]+s )?[0-9]+\.[0-9] (FLOCK|POSIX|OFD|LEASE) '
}
twice
is "twice, with an empty line between" "$status $(grep -c '^crlock top' <<<"$out") $(grep -c '^$' <<<"$out")" "0 2 1"
check "what is taken over and over is told how often" until_true tells_how_often
end_background
top --sort path --filter "$work/" --kind flock
is "sorted by path" "$(row 'warm|x.x1b' | awk '{ print $NF }' | xargs -d '\n')" 'warm x\x1b]0;owned\x07\x1b[31m'
top --sort path --reverse --filter "$work/" --kind flock
is "and the other way round" "$(row 'warm|x.x1b' | awk '{ print $NF }' | xargs -d '\n')" 'x\x1b]0;owned\x07\x1b[31m warm'
top --pid "$sharer"
is "of one process" "$(row . | tail -n +2 | wc -l)" 1
top --file hot
is "of one file" "$(row . | tail -n +2 | wc -l)" 2
top --source proc --file hot
like "from /proc" "$status $(sed -n 2p <<<"$out")" '^0 from /proc: how often locks are taken is not known'
like "it is not" "$(row ' 0-9 ')" "^2 >[0-9.]+s \? POSIX WRITE 0-9 $holder:3\(hold\) hot\$"

# How long something waits is told from when it began, if that was seen.
crlock top --batch --delay 0.2 --filter "$work/late" >late-told &
late_top=$!
until_true test -s late-told
background late_holder hold flock:w:late
background waiter waiter flock:w:late
# A screen may have who waits before the event is there.
check "an event tells when a wait began" until_true grep -qE '^ +1 +[0-9]+\.[0-9]s .*/late' late-told
kill -TERM $late_top
wait $late_top
is "text ends by a signal" $? 0

# Nobody reads any more; nothing can be written.
crlock top --batch --delay 0.1 | head -n 1 >/dev/null
is "it ends when nobody reads" "${PIPESTATUS[0]}" 0
refused "output that cannot be written" 1 "standard output: No space left on device" \
	bash -c 'crlock top --batch --delay 0.1 >/dev/full'

# A screen -----------------------------------------------------------------------------------------------

# in_tmux ARGUMENT...
in_tmux() {
	tmux -L "$socket" -f /dev/null "$@"
}

# Who looks again and again leaves time for what is looked at.
screen() {
	sleep 0.05
	in_tmux capture-pane -p -t 0
}

# on_screen PATTERN: whether a line is like it.
on_screen() {
	screen | grep -qE -- "$1"
}

# seen PATTERN: waits until one is.
seen() {
	until_true on_screen "$1"
}

keys() {
	in_tmux send-keys -t 0 "$@"
}

# typed COMMAND: in the shell on the screen.
typed() {
	keys -l "$1"
	keys Enter
}

# rows: of the screen, below the names of columns.
rows() {
	screen | sed '1,/^WAITERS/d' | grep . | tr -s ' ' | sed "s/^ //"
}

# first PATTERN: whether the first row is like it; only PATTERN: and there is no other.
first() {
	rows | head -n 1 | grep -qE -- "$1"
}
# comes_first PATTERN: waits until it is; if it never is, the screen tells why.
comes_first() {
	until_true first "$1" || {
		screen
		return 1
	}
}
only() {
	(($(rows | wc -l) == 1)) && first "$1"
}

# full HEIGHT: whether the screen has so many lines, all of them used; half_full: more than a few of them.
full() {
	(($(screen | wc -l) == $1 && $(rows | wc -l) == $1 - 3))
}
half_full() {
	(($(rows | wc -l) > 5)) && on_screen ^WAITERS
}

# unfiltered: whether all is seen again.
unfiltered() {
	half_full && ! on_screen ^Filter
}

# Again and again, and leaves time for others.
background taker /usr/bin/python3 -c '
import fcntl, os, time
files = [os.open("taken-%d" % i, os.O_RDWR | os.O_CREAT) for i in range(3)]
print("ready", os.getpid(), flush=True)
while True:
    for number, fd in enumerate(files):
        for _ in range(number + 1):
            fcntl.flock(fd, fcntl.LOCK_EX)
            fcntl.flock(fd, fcntl.LOCK_UN)
    time.sleep(0.02)'

export PS1='ready> ' HISTFILE=
in_tmux -u new-session -d -x 80 -y 24 bash --norc --noprofile
in_tmux pipe-pane -t 0 "cat >$work/raw"
seen '^ready>'
# Without jobs: what is stopped here stays in the foreground.
typed "set +m; stty -a >before"
typed "echo a line that was there before"
seen '^a line that was there before'
title=$(in_tmux display -p -t 0 '#{pane_title}')
typed "crlock top --delay 0.2 --filter $work; echo status \$?"
check "a screen" seen '^ +2 +[>0-9].* POSIX WRITE 0-9 '
is "it is the terminal's other one" "$(in_tmux display -p -t 0 '#{alternate_on} #{cursor_flag}')" "1 0"
like "the most waited for is the first" "$(rows | head -n 1)" "^2 >[0-9.]+s .*POSIX WRITE 0-9 $holder:3\\(hold\\)"
like "lines fit" "$(screen | awk '{ if (length > most) most = length } END { print NR, (most <= 80) }')" '^24 1$'
keys c
check "a key sorts" seen '  by churn$'
check "by how often locks are taken" until_true first '^[0-9]+\.[0-9] FLOCK .*/taken-2$'
keys p
check "by path" seen '  by path$'
check "of which the first is that of hot" until_true first '/hot$'
keys r
check "the other way round" seen '  by path, reversed$'
check "then names are told without what terminals obey" seen 'owned.x07.x1b\[31m$'
is "and it did not get through" "$(in_tmux display -p -t 0 '#{pane_title}') $(grep -cF ']0;owned'$'\a' raw)" "$title 0"
keys o
check "by the oldest wait" seen '  by oldest$'
keys w
check "by waiters" seen '  by waiters$'

keys /
check "a filter is asked for" seen "^Filter: $work"'_'
keys C-h
for ((i = 0; i < ${#work} + 5; i++)); do
	keys BSpace
done
check "it can be taken back" seen '^Filter: _'
keys -l wärmer
check "and typed" seen '^Filter: wärmer_'
keys BSpace BSpace BSpace BSpace BSpace
check "what was a letter goes as one" seen '^Filter: w_'
keys -l arm
keys Enter
check "it stays" seen '^Filter: warm\.'
check "and only what has it in it is seen" until_true only 'FLOCK READ x2.*/warm$'
keys /
keys Escape
check "until it is given up" until_true unfiltered
keys h
check "help" seen '^OLDEST +how long the oldest has waited'
keys x
check "and back" seen '^WAITERS'

in_tmux resize-window -t 0 -x 130 -y 40
check "a larger window is filled" seen " FLOCK +READ x2 +.*$work/warm *\$"
in_tmux resize-window -t 0 -x 40 -y 8
check "a small one too" until_true full 8
in_tmux resize-window -t 0 -x 10 -y 2
check "also one without room for rows" seen ^crlock
in_tmux resize-window -t 0 -x 80 -y 24
check "and it goes back" until_true half_full

# More than fit, of which only those are drawn; and what is below can be seen too.
background many /usr/bin/python3 -c '
import fcntl, os, sys
fd = os.open("many", os.O_RDWR | os.O_CREAT)
for i in range(4000):
    fcntl.lockf(fd, fcntl.LOCK_EX, 1, 2 * i)
print("ready", os.getpid(), flush=True)
sys.stdin.read()'
keys /
keys -l "$work/many"
keys Enter
check "thousands of locks" seen 'WRITE 0-0 '
is "of which as many as fit are seen" "$(rows | wc -l)" 21
like "the first" "$(rows | tail -n 1)" 'WRITE 40-40 '
keys NPage
check "then the next" comes_first 'WRITE 42-42 '
keys Up
check "a line" comes_first 'WRITE 40-40 '
keys Home
check "and back" comes_first 'WRITE 0-0 '

# restored: the terminal is as it was.
restored() {
	typed "stty -a >after"
	until_true test -s after
	seen '^a line that was there before'
	[[ $(in_tmux display -p -t 0 '#{alternate_on} #{cursor_flag}') == "0 1" ]] && cmp before after && rm after
}
keys q
check "q quits" seen '^status 0$'
check "and the terminal is as it was" restored
typed "clear; echo a line that was there before; crlock top; echo status \$?"
seen '^WAITERS'
keys C-c
check "so does a signal" seen '^status 0$'
check "and the terminal is as it was" restored
typed "clear; echo a line that was there before; crlock top -n 2 -d 0.1; echo so many: \$?"
check "and so many times" seen '^so many: 0$'
# What the module tells comes so late that it is always time to read again.
typed "clear; strace -o /dev/null -e trace=recvfrom -e inject=recvfrom:delay_exit=10000 crlock top -d 0.1; echo status \$?"
seen '^WAITERS'
keys q
check "q quits also if reading takes longer than the delay" seen '^status 0$'
typed "clear; TERM=unheard-of crlock top; echo status \$?"
check "a terminal that is not known" seen '^crlock: TERM=unheard-of: no such terminal is known: --batch does without'
check "has its status" seen '^status 1$'

# What is lost is said, and for how long something waits is not sure then.
typed "clear; echo a line that was there before; crlock top --rcvbuf 4096 --filter $work/hot; echo status \$?"
seen '^WAITERS'
until_true pgrep -x crlock
kill -STOP "$(pgrep -x crlock)"
/usr/bin/python3 "$root/selftests/crlock/monitor_fixture.py" many lost 2000
kill -CONT "$(pgrep -x crlock)"
check "lost events are told" seen '^[0-9]+ events were lost: '
check "and of waits that it is not sure" until_true first '^2 ~[0-9.]+s '

# The module may be unloaded, which ends it.
# Who asks just then keeps it.
check "the module is unloaded while it is listened to" until_true rmmod crlock
check "which is said" seen '^crlock: module crlock: the module was unloaded'
check "with its status" seen '^status 3$'
check "and the terminal is as it was" restored
refused "without the module, if it is to be" 3 "module crlock is not loaded \(modprobe crlock loads it, or says why\)" crlock top --batch --source kmod
run crlock top --batch --iterations 1 --delay 0.1 --file hot
like "without it otherwise" "$status $(sed -n 2p <<<"$out")" '^0 module crlock is not loaded: how often'

# What is not right ----------------------------------------------------------------------------------------

refused "no terminal" 1 "there is no terminal: --batch does without" crlock top
refused "no such order" 2 "size: not an order: .*" crlock top --sort size
refused "no time" 2 "0: not a number of seconds .*" crlock top --delay 0
refused "no number of times" 2 "0: not a number of times .*" crlock top --iterations 0
refused "no such process" 1 "process 4000000: no such process" crlock top --pid 4000000
refused "no such file" 1 "nowhere: No such file or directory" crlock top --file nowhere
finish
