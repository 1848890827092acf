# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The judge, after lib.sh: takes fixtures through dump, kill and restore, by crdump and crrestore, and by CRIU in
# place of the one or the other, and lets each say what of its state it has found again.
#
#   judge GROUP...        the fixtures whose names begin with GROUP-
#
# Columns are ways: `kmod` and `proc` are crdump and crrestore with the module and without it, `stream` is the two
# in a pipe, with the module if there is one, `to` is crdump and criu restore, `from` is criu dump and crrestore,
# `criu` is CRIU alone, which tells whether a fixture asks for what can be had. From the environment:
#
#   CRLOCK_JUDGE_COLUMNS   which of them, default "kmod proc to from"; make check-whole takes all
#   CRLOCK_JUDGE_FIXTURES  a pattern of names
#   CRLOCK_JUDGE_ANYWAY    try also what fixtures say that CRIU cannot do

readonly programs=$build/test/whole/fixtures
readonly sources=$root/selftests/whole/fixtures
declare -A verdicts title=([kmod]="own kmod" [proc]="own proc" [stream]="own stream" [to]="to CRIU"
	[from]="from CRIU" [criu]="CRIU itself")
readonly limit=60
# What is to end by itself after the dump is waited for in earnest, two dozen times.
export FIXTURE_BRIEF=${FIXTURE_BRIEF-$((4 + patience))}

# Until crdump takes whole processes there is nothing to judge but CRIU.
crdump_is_whole() {
	crdump --help 2>/dev/null | grep -q -- --leave-running
}

wanted_columns() {
	local column

	for column in ${CRLOCK_JUDGE_COLUMNS-kmod proc to from}; do
		[[ $column == criu ]] || crdump_is_whole && printf '%s\n' "$column"
	done
}

# cannot FIXTURE COLUMN: whether the fixture says that CRIU cannot do it.
cannot() {
	local what='no'

	[[ ! ${CRLOCK_JUDGE_ANYWAY-} ]] || return 1
	case $2 in
	to) what='no( restore)?' ;;
	from) what='no( dump)?' ;;
	criu) what='no( dump| restore)?' ;;
	*) return 1 ;;
	esac
	grep -qE "criu: $what( on $(uname -r | cut -d. -f-2))?: " "$sources/$1.c"
}

fixtures_of() {
	local group path

	for group in "$@"; do
		for path in "$programs/$group"-*; do
			[[ -x $path ]] || continue
			# shellcheck disable=SC2053
			[[ ${path##*/} == ${CRLOCK_JUDGE_FIXTURES-*} ]] && printf '%s\n' "${path##*/}"
		done
	done
}

# Processes ----------------------------------------------------------------------------------------

# Of any fixture, also one that has changed its name, root and user.
fixture_pids() {
	find /proc -maxdepth 2 -path '/proc/[0-9]*/exe' -lname "$programs/*" -printf '%h\n' 2>/dev/null |
		sed 's,/proc/,,'
}

end_fixtures() {
	local pids

	mapfile -t pids < <(fixture_pids)
	((${#pids[@]})) && kill -KILL "${pids[@]}"
	wait
} 2>/dev/null

says() {
	grep -q "^$1" "$dir/files/status" 2>/dev/null
}

# until_says WORD: gives up when nobody is left who could say it.
until_says() {
	local end=$((SECONDS + limit * patience))

	until says "$1"; do
		((SECONDS < end)) || return 1
		# At first it is not the fixture yet.
		if [[ ! -e /proc/$pid/exe && ! $(fixture_pids) ]]; then
			says "$1"
			return
		fi
		sleep 0.05
	done
}

# start_fixture NAME [ARGUMENT...]: in the new directory $dir; its process is $pid.
start_fixture() {
	dir=$(mktemp -d "$work/$1.XXXXXX")
	mkdir "$dir/files" "$dir/images"
	# For those that give up their rights.
	chmod 755 "$work" "$dir" "$dir/files"
	(cd "$dir/files" && exec setsid "$programs/$1" "${@:2}" </dev/null >/dev/null 2>&1) &
	pid=$!
}

# Ways ---------------------------------------------------------------------------------------------

dump_with() {
	case $1 in
	kmod) timeout "$limit" crdump -t "$pid" -D "$dir/images" --source=kmod ;;
	proc) timeout "$limit" crdump -t "$pid" -D "$dir/images" --source=proc ;;
	criu) timeout "$limit" criu dump -t "$pid" -D "$dir/images" --file-locks -v1 -o log ;;
	esac
}

# Who waits for a restored program has nothing to do with the pipe that the judge reads.
restore_with() {
	case $1 in
	own) timeout "$limit" crrestore -d -D "$dir/images" ;;
	criu) timeout "$limit" criu restore -d -D "$dir/images" --file-locks -v1 -o restore.log ;;
	esac
}

# The stream ends when the processes have, but pids are free only when this shell, their parent, has noticed it.
stream() {
	: >"$dir/files/dumped"
	timeout "$limit" crdump --stream -t "$pid" |
		{ cat && timeout 10 tail -s 0.05 -f /dev/null --pid "$pid"; } |
		timeout "$limit" crrestore --stream -d
	[[ "${PIPESTATUS[*]}" == "0 0 0" ]]
}

trip() {
	local way

	case $2 in
	kmod) way=(kmod own) ;;
	proc) way=(proc own) ;;
	to) way=(kmod criu) ;;
	from) way=(criu own) ;;
	criu) way=(criu criu) ;;
	esac
	start_fixture "$1"
	until_says 'ready ' || return
	if [[ $2 == stream ]]; then
		stream </dev/null >"$dir/said" 2>&1 || {
			echo "not dumped and restored"
			return 1
		}
		: >"$dir/files/go"
		until_says 'done' && ! says 'not ok'
		return
	fi
	dump_with "${way[0]}" </dev/null >"$dir/said" 2>&1 || {
		echo "not dumped"
		return 1
	}
	wait "$pid"
	[[ ! $(fixture_pids) ]] || {
		echo "the dump left processes"
		return 1
	}
	: >"$dir/files/dumped"
	restore_with "${way[1]}" </dev/null >>"$dir/said" 2>&1 || {
		echo "not restored"
		return 1
	}
	: >"$dir/files/go"
	until_says 'done' && ! says 'not ok'
}

explain() {
	local file

	grep -v '^ok' "$dir/files/status"
	for file in "$dir/said" "$dir/images/log" "$dir/images/restore.log"; do
		[[ -s $file ]] && tail -n 15 "$file"
	done
}

judge_trip() {
	local status

	trip "$1" "$2" >"$work/why" 2>&1
	status=$?
	report "$status" "$1: ${title[$2]}"
	verdicts[$1 $2]=ok
	sed -n 's/^skip /# /p' "$dir/files/status"
	if ((status)); then
		verdicts[$1 $2]=FAIL
		{ cat "$work/why" && explain; } | sed 's/^/# /'
	fi
	end_fixtures
	rm -rf "$dir"
}

# The table ----------------------------------------------------------------------------------------

row() {
	printf '# %-22s' "$1"
	printf ' %-11s' "${@:2}"
	printf '\n'
}

table() {
	local fixture column cells

	row fixture "${title[kmod]}" "${title[proc]}" "${title[stream]}" "${title[to]}" "${title[from]}" \
		"${title[criu]}"
	for fixture in "${fixtures[@]}"; do
		cells=()
		for column in kmod proc stream to from criu; do
			if cannot "$fixture" "$column"; then
				cells+=(-)
			else
				cells+=("${verdicts[$fixture $column]-.}")
			fi
		done
		row "$fixture" "${cells[@]}"
	done
}

# CRIU's first run looks at what the kernel can do, which takes as long as a fixture may sleep.
warm_criu_up() {
	criu check >/dev/null 2>&1
}

# Without the module means that there is none.
module_for() {
	if [[ $1 == proc ]]; then
		! grep -q '^crlock ' /proc/modules || rmmod crlock
	elif [[ $1 != criu && -e ${CRLOCK_KO-} ]]; then
		grep -q '^crlock ' /proc/modules || insmod "$CRLOCK_KO"
	fi
}

judge() {
	local fixture column

	mapfile -t fixtures < <(fixtures_of "$@")
	mapfile -t columns < <(wanted_columns)
	trips=()
	for column in "${columns[@]}"; do
		for fixture in "${fixtures[@]}"; do
			cannot "$fixture" "$column" || trips+=("$fixture $column")
		done
	done
	plan "${#trips[@]}"
	[[ ${trips[*]} != *criu* && ${trips[*]} != *from* ]] || warm_criu_up
	for trip in "${trips[@]}"; do
		module_for "${trip#* }"
		judge_trip "${trip% *}" "${trip#* }"
	done
	table
	finish
}
