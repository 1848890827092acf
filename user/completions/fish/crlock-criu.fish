# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion for crlock-criu(8)

complete -c crlock-criu -f
complete -c crlock-criu -n __fish_is_first_token -a dump -d 'Dump a process and its descendants'
complete -c crlock-criu -n __fish_is_first_token -a restore -d 'Bring them back'
complete -c crlock-criu -n __fish_is_first_token -a check -d 'Tell whether that can be done here'
complete -c crlock-criu -n __fish_is_first_token -a swrk -d 'Answer messages on a socket'
complete -c crlock-criu -s t -l tree -x -a '(__fish_complete_pids)' -d 'The process'
complete -c crlock-criu -s D -l images-dir -x -a '(__fish_complete_directories)' -d 'The directory of the checkpoint'
complete -c crlock-criu -s W -l work-dir -x -a '(__fish_complete_directories)' -d 'Of log and pidfile'
complete -c crlock-criu -s o -l log-file -r -F -d 'Write there what is said'
complete -c crlock-criu -l pidfile -r -F -d 'Write the first process\'s pid there'
complete -c crlock-criu -l action-script -r -F -d 'Run it when something happens'
complete -c crlock-criu -s R -l leave-running -d 'Let the processes go on'
complete -c crlock-criu -s s -l leave-stopped -d 'Leave them stopped'
complete -c crlock-criu -s d -l restore-detached -d 'End when they go on'
complete -c crlock-criu -s S -l restore-sibling -d 'The first becomes a child of the caller'
complete -c crlock-criu -s j -l shell-job -d 'Allow a session and a terminal of a shell outside'
complete -c crlock-criu -l external -x -a 'file\[ tty\[ pipe\[ unix\[ mnt\[' -d 'What need not be in the tree'
complete -c crlock-criu -l inherit-fd -x -a 'fd\[' -d 'What stands for a file of the checkpoint'
complete -c crlock-criu -s v -l verbosity -d 'Say what was done'
complete -c crlock-criu -s V -l version -d 'Show the version of criu that it stands for'
complete -c crlock-criu -s h -l help -d 'Show a summary'
