#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The mutants of lock reporting are there, say what they are, and apply to the sources that they are made for.
# Whether they are caught is for make check-mutants.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

readonly mutants=$root/patches/mutants least=25 kernels=(6.1 6.12)
plan $((6 * ${#kernels[@]} + 9))

# files_of PATCH...: the paths that they change.
files_of() {
	sed -n 's,^+++ b/,,p' "$@" | sort -u
}

# unpack KERNEL: into $work/KERNEL, the files that its mutants change.
unpack() {
	local tarball=/usr/src/linux-source-$1.tar.xz

	mkdir "$work/$1" && files_of "$mutants/linux-$1"/*.patch | sed "s,^,linux-source-$1/," >"$work/files" &&
		tar -xf "$tarball" -C "$work/$1" --strip-components=1 --occurrence=1 -T "$work/files"
}

# applies KERNEL PATCH: as it is, without fuzz, and changes something.
applies() {
	local tree=$work/$1-changed

	rm -rf "$tree"
	cp -r "$work/$1" "$tree" && patch -s -F 0 -p 1 -d "$tree" <"$2" && ! diff -rq "$work/$1" "$tree" >/dev/null
}

# faults KERNEL COMMAND: mutants for which it fails.
faults() {
	local patch

	for patch in "$mutants/linux-$1"/*.patch; do
		"$2" "$1" "$patch" >/dev/null 2>&1 || printf '%s\n' "${patch##*/}"
	done
}

# explained KERNEL PATCH: it begins with what it is, the mistake, and what is believed of it.
explained() {
	sed '/^--- /,$d' "$2" | tr '\n' ' ' |
		grep -qE '^Mutant: [^ ].*  Mistake: [^ ].*\. Believed: [^ ].*\.  $'
}

for kernel in "${kernels[@]}"; do
	count=$(find "$mutants/linux-$kernel" -name '*.patch' | wc -l)
	check "$kernel: there are $least mutants or more" test "$count" -ge "$least"
	check "$kernel: its sources can be unpacked" unpack "$kernel"
	is "$kernel: each says what is wrong, and what is believed of it" "$(faults "$kernel" explained)" ""
	is "$kernel: each applies" "$(faults "$kernel" applies)" ""
	is "$kernel: no two are alike" \
		"$(for patch in "$mutants/linux-$kernel"/*.patch; do sed '1,/^--- /d' "$patch" | md5sum; done | sort | uniq -d)" ""
	# Otherwise the judge would be changed, not the report.
	is "$kernel: they change how locks are told of" \
		"$(files_of "$mutants/linux-$kernel"/*.patch | xargs)" "fs/locks.c fs/proc/fd.c"
done

run() {
	status=0
	said=$("$root/selftests/kernel/mutants" -o "$work" "$@" 2>&1 </dev/null) || status=$?
}
run 6.2
is "a kernel without mutants is named" "$status $said" "1 mutants: 6.2: there are mutants of 6.1 and 6.12"
run -m nothing 6.12
is "so is a pattern that matches none" "$status $said" "1 mutants: nothing: no mutant is called so"
run -m ofd-with-pid 6.12="$work/nowhere"
is "what cannot be tried is not caught" "$status $(tail -n 1 <<<"$said")" "1 mutants: 0 of 1 caught"

# Some that are not built: what stands for the check says what it would of a mutant, by its name.
readonly fake=$work/fake/selftests/kernel results=$work/results.md
mkdir -p "$fake" "$work"/fake/patches/mutants/linux-6.{1,12}
cp "$root/selftests/kernel/mutants" "$fake"
cat >"$fake/check" <<'CHECK'
#!/bin/bash
case $6 in
*/seen.patch) verdict=worse status=1 ;;
*) verdict=same status=0 ;;
esac
printf '{"kernel": "%s-fake", "rows": [{"row": "flock: a", "rule": "truth-proc", "limit": true, "verdict": "%s"},
	{"row": "flock: b", "rule": "locks-type", "limit": false, "verdict": "%s"}]}' "${5##*-}" "$verdict" "$verdict" >"$4"
exit "$status"
CHECK
chmod +x "$fake/check"
for kernel in 6.1 6.12; do
	printf 'Mutant: it is seen\n' >"$work/fake/patches/mutants/linux-$kernel/seen.patch"
done
# faked ARGUMENT...
faked() {
	status=0
	said=$("$fake/mutants" -r "$results" "$@" 2>&1 </dev/null) || status=$?
}
faked 6.12=fake-6.12
is "one that is caught is told with the rule and the row" "$status $(sed -n 3p <<<"$said")" \
	"0 ok 1 6.12 seen: locks-type in flock: b, and 1 more"
check "a run of one kernel writes no results" test ! -e "$results"
faked 6.1=fake-6.1 6.12=fake-6.12
is "a run of all ends with how many were" "$status $(tail -n 1 <<<"$said")" "0 mutants: 2 of 2 caught"
like "and writes what came out, and of which kernels" "$(<"$results")" \
	"on Linux 6.1-fake and 6.12-fake;.*"$'\n'"\| seen \| it is seen \| locks-type in flock: b, and 1 more \| locks-type"
printf 'Mutant: it is not seen\n' >"$work/fake/patches/mutants/linux-6.12/unseen.patch"
faked -m seen 6.1=fake-6.1 6.12=fake-6.12
is "some of them write none" "$status $(tail -n 1 "$results")" "0 mutants: 2 of 2 caught"
faked 6.1=fake-6.1 6.12=fake-6.12
is "a survivor is a failure" "$status $(tail -n 1 <<<"$said") $(grep -c 'it survived' "$results")" \
	"1 mutants: 2 of 3 caught 1"
finish
