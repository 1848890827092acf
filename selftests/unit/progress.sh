#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How far work has come, which --progress=0 says each time that there is something new: what it is on terminals of any
# width, and in messages. Where it comes by itself, and where not, is for whole/progress.sh.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=../large.sh
. "$(dirname "$0")/../large.sh"

readonly widths=(1 2 12 30 60 80 200)
plan $((2 * ${#widths[@]} + 32))
cd "$work" || exit

# terminal COLUMNS COMMAND...: what stands there at the end; raw has all that was written.
terminal() {
	/usr/bin/python3 "$root/selftests/terminal.py" "$1" raw "${@:2}"
}

# widest: of the lines that were written over each other.
widest() {
	tr '\r' '\n' <raw | awk '{ if (length > most) most = length } END { print most + 0 }'
}

start_large 8
# into a directory that is not there yet
cat >dump <<END
rm -rf images
exec crdump --source=proc -R -t $pid -D images "\$@"
END
dump=(sh "$work/dump")

# On a terminal -----------------------------------------------------------------------------------------

is "nothing of a dump is left on the terminal" "$(terminal 80 "${dump[@]}" --progress=0)" ""
check "of which a line was there" grep -qE \
	'crdump: copying memory  \[#*-*\] +[0-9]+%  [0-9.]+ ([KM]iB )?of [0-9.]+ MiB, [0-9.]+ [KMG]iB/s, [0-9:]+ left' raw
terminal 80 "${dump[@]}" --progress=3600 >said
is "work that is shorter than that shows none" "$(<raw)" ""
for width in "${widths[@]}"; do
	is "$width columns: nothing else is there at the end" \
		"$(terminal "$width" crlock show --verify --progress=0 images | tr -d ' \n')" \
		"$(crlock show --verify images | tr -d ' \n')"
	# What is printed at the end is as wide as it is.
	tr '\r' '\n' <raw | grep -v 'images are as' >lines && mv lines raw
	check "$width columns: the line is not wider" test "$(widest)" -lt "$width"
done
terminal 200 crlock show --verify --progress=0 images >said
check "where there is room, the bytes that are left are there too" grep -qE 'iB/s, [0-9.]+ [KM]iB, [0-9:]+ left' raw

# Messages go where the line was.
cp -r images damaged
for file in damaged/pstree.img damaged/files.img; do
	printf 'x' >>"$file"
done
crlock show --verify damaged 2>wanted >/dev/null
is "two images are damaged" "$(wc -l <wanted)" 2
is "messages meanwhile stand in lines of their own" \
	"$(terminal 200 crlock show --verify --progress=0 damaged)" "$(<wanted)"
check "though there was one before them" grep -q 'checking images' raw
is "and so do those of crrestore" "$(terminal 200 crrestore --check --progress=0 -D damaged)" \
	"$(crrestore --check -D damaged 2>&1)"
check "with the line before" grep -q 'crrestore: checking images' raw

terminal 80 crlock show --verify --no-progress images >said
is "--no-progress: none" "$(tr -d '\r' <raw)" "$(<said)"
terminal 80 crlock show --verify --progress=0 --no-progress images >said
check "the last one counts" sh -c '! grep -q checking raw'
terminal 80 crlock show --verify --no-progress --progress=0 images >said
check "either way" grep -q checking raw

# Without one -------------------------------------------------------------------------------------------

"${dump[@]}" 2>said
is "where standard error is no terminal there is none" "$(<said)" ""
"${dump[@]}" --progress=0 2>said
is "with --progress it is a message each time" "$(grep -cvE \
	'^crdump: (copying memory|copying what has changed|putting memory in order): ([0-9]+%  [0-9.]+ ([KM]iB )?of )?[0-9.]+ [KM]iB(, [0-9.]+ [KMG]iB/s)?(, [0-9.]+ [KM]iB(, [0-9:]+)? left)?$' said)" 0
check "of which the work has many" test "$(grep -c 'copying memory' said)" -gt 10
crlock show --verify --progress=0 images 2>said >/dev/null
like "which end when all is done" "$(tail -n 1 said)" '^crlock: checking images: 100%  ([0-9.]+) of \1 '
"${dump[@]}" --progress=0 -o log 2>said
is "with a log they are in it" "$(grep -c 'crdump: copying memory: .*iB' log | sed 's/^[1-9].*/many/') $(<said)" "many "
terminal 80 "${dump[@]}" --progress=0 --log-json >said
is "objects of JSON come on a terminal too" "$(tr -d '\r' <raw | jq -r .program | sort -u)" crdump
tr -d '\r' <raw >json
is "as the schema says" "$(echo log lines json | /usr/bin/python3 "$root/selftests/crlock/schema.py" "$root/uapi")" \
	"json: valid"
"${dump[@]}" -v0 --progress=0 2>said
check "who asks for it has it with -v0" grep -q 'copying memory' said

# Nobody waits for a reader, with processes that are stopped.
check "a pipe that is full does not stop a dump" \
	/usr/bin/python3 "$root/selftests/terminal.py" full-pipe "${dump[@]}" --progress=0
check "nor does a terminal that is" \
	/usr/bin/python3 "$root/selftests/terminal.py" full "${dump[@]}" --progress=0

# A lock that another process has too is in the way.
exec {lock}>locked
flock "$lock"
sleep 1000 &
target=$!
sleep 1000 &
other=$!
background_pids+=("$target" "$other")
until_true grep -qx sleep "/proc/$target/comm"
until_true grep -qx sleep "/proc/$other/comm"
exec {lock}>&-
for only in "" --locks-only; do
	dump=(crdump --source=proc -t "$target" ${only:+"$only"} -D unread)
	"${dump[@]}" 2>wanted
	is "when a pipe is full a process goes on before errors are said${only:+, with $only}" \
		"$(/usr/bin/python3 "$root/selftests/terminal.py" unread "$target" "${dump[@]}")" \
		"$(printf 'traced by 0\n' && cat wanted)"
done
"${dump[@]}" --check >listed
is "with --check that is a list" "$(sed 's/^crdump: //' wanted)" "$(<listed)"
is "and an error if that cannot be said" "$("${dump[@]}" --check 2>&1 >/dev/full)" \
	"crdump: standard output: No space left on device"

# Seconds -----------------------------------------------------------------------------------------------

for bad in x -1 nan 1s; do
	is "crdump --progress=$bad" "$(crdump --progress=$bad 2>&1)" \
		"crdump: --progress: '$bad' is no number of seconds (--help tells more)"
done
is "crrestore --progress=x" "$(crrestore --progress=x 2>&1)" \
	"crrestore: --progress: x: is no number of seconds (--help tells more)"
is "crlock show --progress=" "$(crlock show --progress= images 2>&1)" \
	"crlock: --progress: : not a number of seconds (--help tells more)"
finish
