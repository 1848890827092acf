#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Who waits for whom, as trees and in the language of graphviz.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

cd "$work" || exit
plan 60
keep_leases

# graph ARGUMENT...: without the directory, and without what is said of a source.
graph() {
	crlock graph "$@" 2>/dev/null | sed "s|$work/||g"
}

# tell INPUT: lets a `hold --then` wait.
tell() {
	echo >&"$1"
}

# end PID...: what they hold can be taken by others after it.
end() {
	local pid

	kill -KILL "$@"
	for pid; do
		until_true test ! -e "/proc/$pid"
	done
}

ofd_waits() {
	waits -1
}

is "nobody waits" "$(graph)" ""
is "in DOT neither" "$(graph --dot | grep -c -- '->')" 0

for source in kmod proc; do
	# In two levels: the second conflicts with the request of the first.
	background pid hold posix:w:0-9:posix posix:r:20-29:posix flock:w:flock ofd:w:0-9:ofd lease:w:lease
	background first waiter posix:w:5-5:posix
	until_true waits "$first"
	background second waiter posix:w:0-9:posix
	until_true waits "$second"
	is "$source: two levels, at the range" "$(graph --source=$source)" \
		"POSIX WRITE 0-9 of posix held by $pid(hold)
\`-$first(waiter) waits for WRITE 5-5
  \`-$second(waiter) waits for WRITE 0-9"
	is "$source: in UTF-8" "$(LC_ALL=C.UTF-8 graph --source=$source | tail -n 1)" \
		"  └─$second(waiter) waits for WRITE 0-9"
	dot=$(graph --source=$source --dot)
	for line in "p$pid [shape=box, label=\"$pid(hold)\"];" "l0 [label=\"POSIX WRITE 0-9\\nposix\"];" \
		"l0 -> p$pid [label=\"held by\"];" "p$first -> l0 [label=\"for WRITE 5-5\"];" \
		"p$second -> l0 [label=\"for WRITE 0-9\"];" \
		"p$second -> p$first [label=\"behind\", style=dashed, constraint=false];"; do
		check "$source: DOT has $line" grep -qxF $'\t'"$line" <<<"$dot"
	done
	end "$second" "$first"

	background first waiter flock:r:flock
	until_true waits "$first"
	background second waiter ofd:w:3-3:ofd
	until_true ofd_waits
	background breaker breaker r lease
	is "$source: flock" "$(graph --source=$source --kind flock)" "FLOCK WRITE of flock held by $pid(hold)
\`-$first(waiter) waits for READ"
	is "$source: OFD" "$(graph --source=$source --kind ofd)" "OFD WRITE 0-9 of ofd held by $pid(hold)
\`-$second(waiter) waits for WRITE 3-3"
	like "$source: an open that waits for a lease" "$(graph --source=$source --kind lease)" \
		"^LEASE WRITE>READ [0-9.s?]+ of lease held by $pid\\(hold\\)
\`-$breaker\\(breaker\\) waits to open for READ\$"
	is "$source: of one file" "$(graph --source=$source --file flock)" "$(graph --source=$source --kind flock)"
	is "$source: of who waits" "$(graph --source=$source --pid "$first")" "$(graph --source=$source --kind flock)"
	is "$source: no cycle" "$(graph --source=$source | grep -c cycle)" 0
	end "$first" "$second" "$breaker" "$pid"
done

# Cycles ---------------------------------------------------------------------------------------------

# Across flock and POSIX: the kernel does not look there. The child has the flock's description, but does not
# hold the POSIX lock.
background one hold flock:w:a --then posix:w:0-9:b
# shellcheck disable=SC2154
one_input=$background_in
background two hold posix:w:0-:b --child --then flock:r:a
two_input=$background_in
tell "$one_input"
tell "$two_input"
until_true waits "$one"
until_true waits "$two"
background third waiter flock:w:a
until_true waits "$third"
cycle="$one(hold) waits for $two(hold), who waits for $one(hold)"
other="$two(hold) waits for $one(hold), who waits for $two(hold)"
tree=$(graph)
like "a cycle of two processes across flock and POSIX" "$(tail -n 1 <<<"$tree")" \
	"^cycle 1: (${cycle//[()]/.}|${other//[()]/.})\$"
check "the request of the one is marked" \
	grep -qE "[\`|]-$one\\(hold\\) waits for WRITE 0-9 \\[cycle 1\\]\$" <<<"$tree"
check "and that of the other" grep -qE "[\`|]-$two\\(hold\\) waits for READ \\[cycle 1\\]\$" <<<"$tree"
check "who only waits for them is not" grep -qE "[\`|]-$third\\(waiter\\) waits for WRITE\$" <<<"$tree"
is "it ends where it comes again" "$(grep -c '(above)$' <<<"$tree")" 1
is "in DOT it is red" \
	"$(graph --dot | grep -c -- '->.*color=red') $(graph --dot | grep -c -- '\[.*color=red\];')" "4 4"
like "it is found if but one kind is shown" "$(graph --kind flock | tail -n 1)" '^cycle 1: '
is "but not if none of it is" "$(graph --kind lease)" ""
like "of who waits for one of them all is shown" "$(graph --pid "$third" | xargs)" "FLOCK.*POSIX.*cycle 1"
# From /proc the same.
is "from /proc it is the same" "$(graph --source=proc | sort)" "$(sort <<<"$tree")"
end "$one" "$third"
is "one let go: no cycle" "$(graph)" ""
end "$two"

# Among descriptions the kernel does not look either.
background one hold ofd:w:0-0:c --then ofd:w:0-0:d
one_input=$background_in
background two hold ofd:w:0-0:d --then ofd:w:0-0:c
tell "$one_input"
tell "$background_in"
ofd_both_wait() {
	[[ $(grep -c -- '-> OFDLCK' /proc/locks) == 2 ]]
}
until_true ofd_both_wait
cycle="$one(hold) waits for $two(hold), who waits for $one(hold)"
other="$two(hold) waits for $one(hold), who waits for $two(hold)"
like "a cycle of two processes by locks of descriptions" "$(graph | tail -n 1)" \
	"^cycle 1: (${cycle//[()]/.}|${other//[()]/.})\$"
end "$one" "$two"

# Who waits for itself: another description of the same file. Its child has the first one, too.
background one hold flock:w:a --child --then flock:r:a
tell "$background_in"
until_true waits "$one"
like "one that waits for itself, and who could let go" "$(graph | tail -n 1)" \
	"^cycle 1: $one\\(hold\\) waits for itself; could let go: [0-9]+\\(hold\\)\$"
end "$one"

# A long chain: each writer waits behind the one before. Indenting ends, and all are there.
background pid hold flock:w:deep
waiters=()
for ((i = 0; i < 50; i++)); do
	background first waiter flock:w:deep
	until_true waits "$first"
	waiters+=("$first")
done
tree=$(graph)
is "a long chain has a line for each" "$(wc -l <<<"$tree")" 51
is "those that are too deep say whom they wait behind" "$(tail -n 2 <<<"$tree" | sed 's/^[ |`-]*//')" \
	"${waiters[48]}(waiter) waits for WRITE behind ${waiters[47]}(waiter)
${waiters[49]}(waiter) waits for WRITE behind ${waiters[48]}(waiter)"
end "$pid" "${waiters[@]}"

# Names of strangers -----------------------------------------------------------------------------------

mkdir files
evil=$'\e[2J"q\\" & &lt; \n}\xff\\'
background pid hold "flock:w:files/$evil"
cp "$(command -v waiter)" $'files/"\\\e&amp;x'
background first $'files/"\\\e&amp;x' "flock:w:files/$evil"
until_true waits "$first"
is "a tree has no controls of them" "$(graph)" \
	'FLOCK WRITE of files/\x1b[2J"q\" & &lt; \x0a}\xff\ held by '"$pid"'(hold)
`-'"$first"'("\\x1b&amp;x) waits for WRITE'
check "DOT has them quoted" grep -qF 'FLOCK WRITE\nfiles/\\x1b[2J\"q\\\" &amp; &amp;lt; \\x0a}\\xff\\"];' \
	<<<"$(graph --dot)"
check "a process's, too" grep -qF "p$first [shape=box, label=\"$first(\\\"\\\\\\\\x1b&amp;amp;x)\"];" <<<"$(graph --dot)"

# dot(1) ----------------------------------------------------------------------------------------------

check "dot draws it" sh -c "crlock graph --svg >picture"
check "it is a picture with those names" /usr/bin/python3 - picture "$work" "$first" <<'END'
import sys, xml.etree.ElementTree as tree
texts = [t.text for t in tree.parse(sys.argv[1]).iter("{http://www.w3.org/2000/svg}text")]
assert sys.argv[2] + r'/files/\x1b[2J"q\" & &lt; \x0a}\xff' + "\\" in texts, texts
assert sys.argv[3] + r'("\\x1b&amp;x)' in texts, texts
END
mkdir none failing
ln -s "$(command -v crlock)" none/
refused "without dot" 1 'dot: not installed .*' env PATH="$work/none" crlock graph --svg
printf '#!/bin/sh\nexit 3\n' >failing/dot
chmod +x failing/dot
refused "dot fails" 1 'dot: exit status 3' env PATH="$work/failing:$PATH" crlock graph --svg

# Wrong usage -------------------------------------------------------------------------------------------

refused "both forms" 2 '--dot and --svg: .*' crlock graph --dot --svg
refused "no such process" 1 'process 2147483647: no such process' crlock graph --pid 2147483647
refused "no such file" 1 'nowhere: No such file or directory' crlock graph --file nowhere
end "$pid" "$first"
finish
