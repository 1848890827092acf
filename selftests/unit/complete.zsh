# SPDX-License-Identifier: GPL-2.0-or-later
# What zsh offers for the word at the end of a line.
#
#   zsh -f complete.zsh DIRECTORY-OF-COMPLETIONS SCRATCH LINE

zmodload zsh/zpty
# The list is drawn before its end is printed.
setup="
	fpath=(${(q)1} \$fpath)
	autoload -Uz compinit
	compinit -u -d ${(q)2}
	offer() { zle list-choices; zle -R; print END-LIST }
	zle -N offer
	bindkey '^I' offer
	setopt no_list_packed
	stty columns 200 rows 9999
	LISTMAX=9999
	PS1=
	print BEGIN''-LIST"
zpty shell zsh -f -i
zpty -w shell "eval ${(qq)setup}"
zpty -r shell ignored '*BEGIN-LIST*'
zpty -w -n shell "$3"$'\t'
zpty -r shell list '*END-LIST*'
# Without what moves the cursor.
setopt extended_glob
print -r -- ${${list//$'\e'\[[0-9;?]#[A-Za-z]/}//$'\r'/$'\n'}
