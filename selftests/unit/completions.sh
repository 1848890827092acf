#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The completions of bash, zsh and fish offer what --help names, processes, and directories of checkpoints.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=options.sh
. "$(dirname "$0")/options.sh"

readonly completions=$root/user/completions
files=("$completions"/*/*)
plan $((${#files[@]} + 3 * ${#commands[@]} + 27))
cd "$work" || exit
export HOME=$work

# What shells offer -----------------------------------------------------------------------------------

# bash_offers WORD...: for the last one, a line for each.
bash_offers() {
	(
		compopt() { :; }
		# shellcheck source=/dev/null
		. "$completions/bash/$1"
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
		"_$1"
		printf '%s\n' "${COMPREPLY[@]}"
	)
}

zsh_offers() {
	timeout 60 zsh -f "$root/selftests/unit/complete.zsh" "$completions/zsh" "$work/.zcompdump" "$*" </dev/null
}

fish_offers() {
	# shellcheck disable=SC2016
	fish --no-config -c 'source $argv[1]; complete -C "$argv[2]"' "$completions/fish/$1.fish" "$*" </dev/null
}

# options: among what is offered, one a line.
options() {
	grep -oE '(^|[^a-z-])--[a-z][a-z-]*' | grep -oE -- '--.*' | sort -u
}

# among WORD...: those that a shell offers, one a line, as words of standard input.
among() {
	tr -s '[:space:],\r' '\n' | grep -xF "$(printf '%s\n' "$@")" | sort -u
}

for file in "${files[@]}"; do
	shell=$(basename "$(dirname "$file")")
	check "$shell can read its completion ${file##*/}" "$shell" -n "$file"
done

for command in "${commands[@]}"; do
	read -r -a words <<<"$command"
	wanted=$(help_options "${words[@]}" | grep -x -- '--..*')
	for shell in bash zsh fish; do
		is "$command: $shell offers the long options of --help" "$("${shell}_offers" "${words[@]}" -- | options)" "$wanted"
	done
done

# Words ------------------------------------------------------------------------------------------------

mapfile -t names < <(columns crlock ls)
for shell in bash zsh fish; do
	is "columns of crlock ls, by $shell" "$("${shell}_offers" crlock ls --output '' | among "${names[@]}" | xargs)" "${names[*]}"
done
mapfile -t names < <(columns crlock monitor)
for shell in bash zsh fish; do
	is "of crlock monitor" "$("${shell}_offers" crlock monitor --output '' | among "${names[@]}" | xargs)" "${names[*]}"
done
mapfile -t names < <(events)
for shell in bash zsh fish; do
	is "its events" "$("${shell}_offers" crlock monitor --event '' | among "${names[@]}" | xargs)" "${names[*]}"
done
for shell in bash zsh fish; do
	is "commands" "$("${shell}_offers" crlock '' | among graph info ls monitor show top verify | xargs)" "graph info ls monitor show top verify"
done
is "what comes after a comma" "$(bash_offers crlock ls --output PID,NH)" PID,NHOLDERS
is "and after a plus" "$(bash_offers crlock ls --output = +NH)" +NHOLDERS
is "kinds" "$(bash_offers crlock ls -k flock,l | xargs)" "flock,lease flock,layout"
is "sources" "$(bash_offers crlock ls --source '' | xargs) $(bash_offers crlock graph -s k) $(bash_offers crdump --source = p)" \
	"auto kmod proc kmod proc"
is "nothing where it does not know the command" "$(bash_offers crlock frob -)" ""

# Processes and files -------------------------------------------------------------------------------------

name=$(</proc/$$/comm)
check "processes, by bash, with names" grep -qx "$$ ($name)" <(bash_offers crdump -t '')
check "in a list too" grep -qx "1,$$ ($name)" <(bash_offers crlock ls --pid 1,)
# Another's number may begin with the same digits.
lone=$$
while (($(compgen -G "/proc/$lone*" | wc -l) > 1)); do
	sleep 1000 &
	lone=$!
	background_pids+=("$lone")
done
is "no name where there is one process, which is inserted" "$(bash_offers crdump -t "$lone")" "$lone"
check "by fish" grep -qx "$$"$'\t'"$name.*" <(fish_offers crrestore --pid '')
# It has those of the same name, a shell that is yet to become another program among them, in one line.
check "by zsh" grep -qE "(^| )$$ +([0-9]+ +)*-- $name" <(zsh_offers crdump -t '')
mkdir place && cd place || exit
mkdir -p checkpoint path/to empty
touch checkpoint/inventory.img file
is "directories of checkpoints, and those that lead to some" \
	"$(bash_offers crrestore -D '' | sort | xargs) $(bash_offers crlock show p)" "checkpoint path path"
is "by fish" "$(fish_offers crlock show '' | sort | xargs)" "checkpoint/ Checkpoint empty/ Directory path/ Directory"
is "by zsh" "$(zsh_offers crrestore -D '' | among checkpoint/ path/ empty/ file | xargs)" "checkpoint/"
is "any, and files" "$(bash_offers crdump -D c) $(bash_offers crlock verify --proc e) $(bash_offers crlock ls --file f)" "checkpoint empty file"
is "nothing for numbers" "$(bash_offers crlock verify -w '')" ""
finish
