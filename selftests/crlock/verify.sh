#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# crlock verify finds nothing wrong with a kernel that is right, and names what is wrong with a report that is not.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

cd "$work" || exit
plan 130
keep_leases

# Locks of all kinds, in all states -------------------------------------------------------------------------

mkdir lower upper overlay-work merged
# On two filesystems, so that it has to make up devices for stat(2).
mount -t tmpfs none lower
: >lower/below
mount -t overlay none merged -o lowerdir=lower,upperdir=upper,workdir=overlay-work
background pid hold flock:w:flock --dup 20 flock:r:shared flock:r:shared posix:w:0-9:posix --same posix:r:20-29: \
	--same posix:r:40-: ofd:w:0-9:ofd --same ofd:r:20-29: flock:w:deleted posix:w:0-0:deleted --child \
	lease:r:r lease:w:w lease:r:r-u --break w lease:w:w-r --break r lease:w:w-u --break w \
	lease:w:w-r-u --break r --break w posix:w:7-7:narrow
child=$(pgrep -P "$pid" -x hold)
rm deleted
background other hold flock:w:mapped --map flock:w:flying --in-flight ofd:r:0-9:merged/below posix:w:5-:merged/new
background contained unshare -pf --mount-proc hold flock:w:contained posix:w:0-9:contained ofd:r:20-29:contained \
	lease:r:contained-lease
inside=$(pgrep -P "${background_pids[-1]}" -x hold)
# flock(1) is gone once it has set it.
background gone bash -c 'exec 9>gone && flock 9 && exec sh -c "echo \$\$; exec cat"'
# A thread with a table of its own, and two that wait for the same owner.
cat >threads.py <<'END'
import ctypes, fcntl, os, sys, threading
libc = ctypes.CDLL(None, use_errno=True)
ready = threading.Event()
def own_table():
    assert libc.unshare(0x400) == 0
    fd = os.open("own-table", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(fd, fcntl.LOCK_EX)
    fcntl.lockf(fd, fcntl.LOCK_EX, 10, 5)
    ready.set()
    threading.Event().wait()
def wait():
    fcntl.lockf(file, fcntl.LOCK_EX, 10, 20)
file = os.open("posix", os.O_RDWR)
threads = [threading.Thread(target=target, daemon=True) for target in (own_table, wait, wait)]
for thread in threads:
    thread.start()
ready.wait()
print(os.getpid(), flush=True)
sys.stdin.read()
os._exit(0)
END
background threads /usr/bin/python3 threads.py

# wait_for SPEC: a waiter, whose process is $waiter.
wait_for() {
	background waiter waiter "$1"
	until_true waits "$waiter"
}
wait_for flock:w:flock
first=$waiter
wait_for flock:r:flock
second=$waiter
wait_for posix:w:5-5:posix
third=$waiter
wait_for posix:w:0-9:posix
background ofd_asker waiter ofd:w:0-9:ofd
background posix_ofd waiter posix:w:20-20:ofd
until_true waits "$posix_ofd"
until_true waits -1
# One of 32-bit code, which has other numbers.
background _ waiter32 narrow
until_true waits "${background_pids[-1]}"
narrow=${background_pids[-1]}
background reader breaker r w-r
background writer breaker w w-r-u
background writer2 breaker w w-r-u

# verify ARGUMENT...: what is left of its JSON is in the file result.
verify() {
	crlock verify --json "$@" >result 2>"$work/.said"
	status=$?
	said=$(<"$work/.said")
}
# of EXPRESSION: what a Python expression makes of it, which is d, and its differences f.
of() {
	/usr/bin/python3 -c '
import json, sys
d = json.load(open("result"))
f = d["differences"]
print(eval(sys.argv[1]))' "$1"
}
# names: rules that are broken.
names() {
	sed -n 's/.*"rule": "\(.*\)".*/\1/p' result | sort -u | xargs
}

verify
is "nothing is wrong" "$status $said$(names) $(of 'd["verdict"]')" "0  same"
[[ $status == 0 ]] || { cat /proc/locks; crlock verify; } | sed 's/^/# /'
is "which takes one reading" "$(of 'd["readings"]')" 1
is "all locks were looked at" "$(of 'd["locks"]')" "$(crlock ls --noheadings | wc -l)"
is "and requests" "$(of 'd["requests"]')" "$(grep -c -- '->' /proc/locks)"
is "what the format cannot tell is counted" \
	"$(of '" ".join(sorted(d["limits"]))')" \
	"alike deadline held-type holder-in-flight holder-mapping holder-unknown list-order notice ofd-pid setter-gone stat-device waiter-file waiter-setter"
run crlock verify
is "as text" "$status $(head -n 1 <<<"$out" | sed -E 's/[0-9]+/N/g')" "0 N locks, N requests, N lines of N descriptors: no difference"
like "with the counts" "$(tail -n 1 <<<"$out")" "^the format cannot tell: .*[0-9]+ ofd-pid, "
run crlock verify --verbose
like "which --verbose names" "$out" "ofd-pid: [^"$'\n'"]*: OFD WRITE 0-9 of $work/ofd held by $pid\(hold\)"
verify --verbose --pid "$other"
is "and those of a process alone" "$(of 'sorted(x["rule"] for x in d["limited"] if x["rule"].startswith("holder"))')" \
	"['holder-in-flight', 'holder-mapping', 'holder-unknown', 'holder-unknown']"

# From inside of another pid namespace ------------------------------------------------------------------------

run nsenter -t "$inside" -p -m crlock verify
is "in another pid namespace nothing is wrong" "$status $(head -n 1 <<<"$out" | sed 's/.*: //') $said" "0 no difference "
like "and what it does not see is told" "$out" "[0-9]+ hidden"
# The lock of a process outside, which has no number there.
mkdir -p inner/proc
nsenter -t "$inside" -p -m cp /proc/locks "$work/inner/proc/locks"
printf '%d: FLOCK  ADVISORY  READ 0 %s 0 EOF\n' "$(($(sed -n '$s/:.*//p' inner/proc/locks) + 1))" \
	"$(sed -nE "s/^[0-9]+: FLOCK .* ([0-9a-f:]+:$(stat -c %i shared)) .*/\1/p;T;q" /proc/locks)" >>inner/proc/locks
nsenter -t "$inside" -p -m crlock verify --json --rounds 2 --proc "$work/inner/proc" >result
is "that it were seen would be wrong" "$(names)" "fdinfo-missing locks-extra"

crlock verify --list >list
missing=''
for rule in $(crlock verify --list --json | sed -n 's/.*"rule": "\(.*\)".*/\1/p'); do
	[[ $(grep -c -x -A 2 "$rule" list) == 1 ]] || missing+=" $rule"
done
is "--list explains all rules, $(grep -c 'For example: .' list) of them" "$missing" ""

# Reports that are wrong --------------------------------------------------------------------------------------

readonly copy=$work/copy/proc
mkdir copy
cp -r --parents /proc/[0-9]*/fdinfo /proc/"$threads"/task/*/fdinfo copy 2>/dev/null
cp /proc/locks "$copy/locks"
verify --rounds 2 --proc "$copy"
is "a copy is like the original" "$status $said$(names)" "0 "
mkdir foreign
unshare -pf cp -r --parents /proc/locks /proc/[0-9]*/fdinfo /proc/"$threads"/task/*/fdinfo foreign 2>/dev/null
verify --rounds 2 --proc foreign/proc
is "whichever pid namespace reads it" "$status $said$(names)" "0 "

# inode FILE
inode() {
	stat -c %i "$1"
}
flock=$(inode flock) posix=$(inode posix) ofd=$(inode ofd) gone_ino=$(inode gone) ru=$(inode r-u)

# wrong RULES FILE SED: with the file of the report changed so, these are the rules that are broken.
report=$copy
wrong() {
	local name=$1 file=$2

	cp "$file" saved
	sed -E -i "$3" "$file"
	verify --rounds 2 --proc "$report"
	is "$name: $3" "$status $(names)" "1 $name"
	[[ "$status $(names)" == "1 $name" ]] || { diff saved "$file" || true; cat result; } | sed 's/^/# /'
	cp saved "$file"
}

# wrong_line RULES SED: in /proc/locks.
wrong_line() {
	wrong "$1" "$copy/locks" "$2"
}

wrong_line "locks-missing locks-number" "/ ACTIVE .*:$(inode r) /d"
next=$(($(sed -n 's/^\([0-9]*\): .*/\1/p' "$copy/locks" | tail -n 1) + 1))
wrong_line locks-extra "\$a$(grep " ACTIVE .*:$(inode r) " "$copy/locks" | sed -E "s/^[0-9]+/$next/")"
wrong_line locks-kind "/:$posix 40 /s/POSIX /OFDLCK/"
wrong_line "locks-form locks-kind" "/:$posix 40 /s/POSIX  ADVISORY /UNKNOWN UNKNOWN/"
wrong_line locks-state "/BREAKING .*:$ru /s/BREAKING/ACTIVE  /"
wrong_line locks-type "/BREAKING .*:$ru /s/UNLCK/READ/"
wrong_line locks-type "/BREAKING .*:$(inode w-r) /s/READ/WRITE/"
wrong_line "locks-state locks-type" "/BREAKING .*:$(inode w-u) /s/BREAKING  UNLCK/ACTIVE    WRITE/"
wrong_line locks-pid "/:$gone_ino /s/WRITE [0-9]+/WRITE 0/"
wrong_line locks-pid "/^[0-9]+: OFDLCK .*:$ofd 0 9/s/-1/$pid/"
wrong_line "locks-kind locks-pid" "/^[0-9]+: OFDLCK .*:$(inode contained) /s/OFDLCK (.*) -1/POSIX  \1 $pid/"
wrong_line locks-inode "/:$gone_ino /s/:$gone_ino /:1 /"
wrong_line locks-device "/:$(inode merged/below) /s/ [0-9a-f]+:[0-9a-f]+:/ 08:01:/"
wrong_line locks-range "/:$posix 40 /s/EOF/4096/"
wrong_line locks-range "/^[0-9]+: POSIX .*:$posix 20 /s/29\$/30/"
wrong_line locks-form "/:$posix 40 /s/EOF/9223372036854775807/"
wrong_line locks-form "/:$posix 40 /s/  ADVISORY/ ADVISORY/"
wrong_line locks-form "\$anonsense"
wrong_line locks-number "/:$gone_ino /s/^[0-9]+/99/"
wrong_line locks-number "s/^2: /1: /"

wrong_line waiter-missing "/-> .* $second /d"
wrong_line waiter-missing "/-> .* ($first|$second) /d"
wrong_line waiter-missing "/-> .* $writer2 /d"
wrong_line waiter-missing "/-> OFDLCK .*:$ofd /d"
wrong_line waiter-extra "/-> .* $second /p"
wrong_line waiter-extra "s/^([0-9]+): (FLOCK .*:$gone_ino .*)\$/&\n\1: -> \2/"
wrong_line "waiter-kind waiter-lock" "/-> .* $first /s/FLOCK /POSIX /"
wrong_line waiter-state "/-> .* $reader /s/BREAKER/ACTIVE /"
wrong_line waiter-type "/-> .* $third /s/WRITE/READ/"
wrong_line waiter-pid "/-> .* $first /s/ $first / $pid /"
wrong_line "waiter-inode waiter-lock" "/-> .* $third /s/:$posix /:1 /"
wrong_line waiter-device "/-> .* $third /s/ [0-9a-f]+:[0-9a-f]+:/ 08:01:/"
wrong_line waiter-range "/-> .* $third /s/ 5 5\$/ 5 6/"
wrong_line waiter-form "/-> .* $third /s/WRITE /WRITE  /"
wrong_line waiter-missing "/-> .* $narrow /d"
wrong_line waiter-pid "/-> .* $narrow /s/ $narrow / $pid /"
wrong_line waiter-number "/-> .* $third /s/^[0-9]+/99/"
# The two locks change places, and what waits for each does not.
readonly swap="{s/WRITE (.*) 0 9\$/-READ \1 20 29/;s/ READ (.*) 20 29\$/ WRITE \1 0 9/;s/-READ/READ/}"
wrong_line waiter-lock "/^[0-9]+: OFDLCK .*:$ofd /$swap"
wrong_line waiter-level "/-> .* $second /s/:  ->/: ->/"
wrong_line waiter-level "/-> .* $writer2 /s/:  ->/: ->/"
wrong_line waiter-level "/-> .* $second /s/:  ->/:    ->/"

# fdinfo_of FILE: in the report, of the process, the first descriptor that has locks of it.
fdinfo_of() {
	grep -lE "^lock:.*:$(inode "$1") " "$report/$pid"/fdinfo/* | head -n 1
}
# wrong_fdinfo RULES FILE SED
wrong_fdinfo() {
	wrong "$1" "$(fdinfo_of "$2")" "$3"
}
wrong_fdinfo fdinfo-missing posix "/^lock:.* 20 29\$/d"
wrong_fdinfo fdinfo-missing r "/^lock:.*LEASE/d"
wrong_fdinfo fdinfo-missing flock "/^lock:.*FLOCK/d"
wrong_fdinfo fdinfo-extra flock "\$a$(grep "^lock:.*FLOCK" "$(fdinfo_of flock)")"
# A POSIX lock is not the child's, though the description is.
posix_fd=$(fdinfo_of posix)
wrong fdinfo-extra "$copy/$child/fdinfo/${posix_fd##*/}" "\$a$(grep -m 1 "^lock:" "$posix_fd")"
wrong_fdinfo fdinfo-kind ofd "/ 20 29\$/s/OFDLCK/POSIX /"
wrong_fdinfo fdinfo-state r-u "s/BREAKING/ACTIVE  /"
wrong_fdinfo fdinfo-type r-u "/^lock:/s/UNLCK/READ/"
wrong_fdinfo fdinfo-type w-r "/^lock:/s/READ/WRITE/"
wrong_fdinfo fdinfo-pid ofd "/ 20 29\$/s/ -1 / $pid /"
wrong_fdinfo fdinfo-pid flock "/^lock:/s/ $pid / $child /"
wrong_fdinfo fdinfo-inode flock "/^lock:/s/:$flock /:1 /"
wrong_fdinfo fdinfo-device flock "/^lock:/s/ [0-9a-f]+:[0-9a-f]+:/ 08:01:/"
wrong_fdinfo fdinfo-range posix "/^lock:.* 0 9\$/s/9\$/10/"
wrong_fdinfo fdinfo-form posix "/^lock:/s/EOF/9223372036854775807/"
wrong_fdinfo fdinfo-form posix "/^lock:/s/\t/ /"
wrong_fdinfo fdinfo-number posix "/^lock:.* 20 29\$/s/2:/1:/"
wrong_fdinfo fdinfo-order posix "/^lock:/$swap"
own_table=$(grep -lE "^lock:.*:$(inode own-table) " "$copy/$threads"/task/*/fdinfo/* | head -n 1)
wrong fdinfo-missing "$own_table" "/^lock:.*POSIX/d"

# What few kernels tell ----------------------------------------------------------------------------------------

# As these have it: behind a breaking lease how that is being broken, and behind each lock the requests for it, with the
# process of those that /proc/locks shows with -1.
report=$work/told/proc
mkdir told
cp -r "$copy" told
cat >tell.py <<'END'
import glob, json, re, subprocess, sys
report, asker = sys.argv[1:]
said = subprocess.run(["crlock", "ls", "--json", "--output-all", "--kind", "lease"], capture_output=True, check=True).stdout
breaks = {}
for lock in json.loads(said)["locks"]:
    if lock["pending"]:
        told = f"held {lock['held']} target {lock['target']}"
        if "READ" in lock["pending"]:
            told += f" downgrade {lock['downgrade']}"
        if "UNLCK" in lock["pending"]:
            told += f" unlock {lock['break']}"
        breaks[lock["inode"]] = told
requests, held = {}, None
for line in open(f"{report}/locks"):
    number, text = line.rstrip("\n").split(": ", 1)
    if "->" in text:
        requests[held].append(text.replace(" -1 ", f" {asker} "))
    elif text not in requests:
        held = text
        requests[held] = []
for name in glob.glob(f"{report}/*/fdinfo/*") + glob.glob(f"{report}/*/task/*/fdinfo/*"):
    lines = []
    for line in open(name):
        lines.append(line)
        lock = re.match(r"lock:\t(\d+): (.*)", line)
        if not lock:
            continue
        number, text = lock.groups()
        inode = int(text.split(":")[-1].split()[0])
        if " BREAKING " in text:
            lines.append(f"lease:\t{number}: {breaks[inode]}\n")
        lines += [f"blocked:\t{number}: {request}\n" for request in requests.get(text, [])]
    open(name, "w").writelines(lines)
END
/usr/bin/python3 tell.py "$report" "$ofd_asker"
verify --rounds 2 --proc "$report"
is "what few kernels tell is right" "$status $said$(names)" "0 "
[[ $status == 0 ]] || sed 's/^/# /' result
is "and no limit any more" "$(of '[x for x in d["limits"] if x in ("held-type", "deadline", "waiter-setter", "waiter-file")]')" "[]"

wrong_fdinfo fdinfo-break r-u "/^lease:/s/READ/WRITE/"
wrong_fdinfo fdinfo-break w-u "/^lease:/s/WRITE/READ/"
wrong_fdinfo fdinfo-break w-r-u "/^lease:/s/UNLCK/READ/"
wrong_fdinfo fdinfo-break w-r-u "/^lease:/s/ downgrade [0-9]+//"
wrong_fdinfo fdinfo-break w-r "/^lease:/s/ downgrade [0-9]+/ downgrade 100/"
wrong_fdinfo fdinfo-break w-u "/^lease:/s/ unlock [0-9]+/ unlock never/"
wrong_fdinfo fdinfo-break w-u "/^lease:/s/\t1:/\t2:/"
wrong_fdinfo fdinfo-break r-u "/^lease:/d"
wrong_fdinfo fdinfo-break r "\$alease:\t1: held READ target UNLCK unlock 5"
wrong_fdinfo blocked-missing flock "/^blocked:.* $second /d"
wrong_fdinfo blocked-missing ofd "/^blocked:/d"
wrong_fdinfo blocked-extra flock "/^blocked:.* $second /p"
wrong_fdinfo blocked-extra ofd "/^blocked:/s/ $ofd_asker / -1 /"
wrong_fdinfo blocked-extra flock "/^blocked:/s/ $second / $pid /"
wrong_fdinfo "blocked-extra blocked-missing" posix "/^blocked:/s/ 5 5\$/ 5 6/"
wrong_fdinfo "blocked-extra blocked-lock blocked-missing" posix "/^blocked:/s/\t1:/\t2:/"
wrong_fdinfo blocked-level flock "/^blocked:.* $second /s/  ->/    ->/"
wrong_fdinfo blocked-form flock "/^blocked:.* $second /s/WRITE|READ/& /"
report=$copy

# What is said ------------------------------------------------------------------------------------------------

sed -E -i "/:$gone_ino /s/WRITE/READ/" "$copy/locks"
run crlock verify --rounds 2 --proc "$copy"
like "a difference is told" "$status $(sed -n 1p <<<"$out")" \
	"^1 locks-type: .*: FLOCK WRITE of $work/gone held by [0-9]+\(cat\)\$"
like "with the line" "$(sed -n 2p <<<"$out")" "^    /proc/locks: [0-9]+: FLOCK  ADVISORY  READ [0-9]+ "
like "and that which should be" "$(sed -n 3p <<<"$out")" "^    should be: [0-9]+: FLOCK  ADVISORY  WRITE [0-9]+ "
like "and how many there are" "$out" ": 1 differences"$'\n'
is "without colours" "$(grep -c $'\033' <<<"$out")" 0
run crlock verify --rounds 2 --proc "$copy" --color=always
like "with them the rule is red" "$out" "^"$'\033'"\\[31mlocks-type"$'\033'"\\[m: "
like "and how many there are" "$out" ": "$'\033'"\\[31m1 differences"$'\033'"\\[m"
verify --rounds 2 --proc "$copy"
is "in JSON" "$(of '[sorted(f[0]), f[0]["verdict"], f[0]["where"], f[0]["times"], d["verdict"]]')" \
	"[['got', 'lock', 'rule', 'thread', 'times', 'verdict', 'wanted', 'what', 'where'], 'kernel', '/proc/locks', 1, 'different']"
statuses=''
for filter in --file=gone --pid="$gone" --file=flock --pid="$other"; do
	verify --rounds 2 --proc "$copy" "$filter"
	statuses+=$status
done
is "only of a file, or of a process" "$statuses" 1100

# Locks that come and go ---------------------------------------------------------------------------------------

mkdir churned
background churn churn churned
background churn2 churn churned
verify --watch $((10 * patience))
is "under load nothing is wrong" "$status $said$(names)" "0 "
[[ $status == 0 ]] || sed 's/^/# /' result
check "in many readings" test "$(of 'd["readings"]')" -gt 3
# once_wrong: a reading that is believed at once.
once_wrong() {
	! crlock verify --rounds 1
}
check "what is read but once seems wrong" until_true once_wrong
kill -KILL "$churn" "$churn2"

# What cannot be done -------------------------------------------------------------------------------------------

readonly help='\(--help tells more\)'
refused "an unknown option" 2 "--frob: no such option $help" crlock verify --frob
refused "a word" 2 "x: not an option $help" crlock verify x
refused "no time" 2 "0: not a number of seconds $help" crlock verify --watch 0
refused "no reading" 2 "x: not a number of readings $help" crlock verify --rounds x
refused "no process" 2 "x: not a process id $help" crlock verify --pid 1,x
refused "two files" 2 "b: one file at a time $help" crlock verify --file a --file b
refused "a file that is not there" 2 "nowhere: No such file or directory" crlock verify --file nowhere
refused "a directory that is not there" 2 "nowhere: No such file or directory" crlock verify --proc nowhere
rm "$copy/locks"
mkfifo "$copy/locks"
refused "a copy that is a pipe" 2 "$copy: Invalid argument" timeout 60 crlock verify --proc "$copy"
refused "/proc of another pid namespace" 2 "/proc is that of another pid namespace \(mount -t proc .*\)" unshare -pf crlock verify
refused "no capability" 2 "module crlock: .*CAP_CHECKPOINT_RESTORE.*" \
	setpriv --reuid=65534 --regid=65534 --clear-groups crlock verify
crlock verify 2>.said >/dev/full
like "a full disk" "$? $(<.said)" "^2 crlock: standard output: No space left on device\$"

finish
