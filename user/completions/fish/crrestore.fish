# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion for crrestore(8)

functions -q __crlock_checkpoints; or source (status dirname)/crlock.fish

# What stands behind -- is a command.
function __crrestore_command
    set -l words (commandline -opc)
    set -l place (contains -i -- -- $words); or return
    set -e words[1..$place]
    complete -C (string join ' ' -- (string escape -- $words) (commandline -ct))
end

complete -c crrestore -f
complete -c crrestore -n 'contains -- -- (commandline -opc)' -x -a '(__crrestore_command)'
complete -c crrestore -s D -l images-dir -x -a '(__crlock_checkpoints)' -d 'Directory of the checkpoint'
complete -c crrestore -l stream -d 'What crdump --stream writes, on standard input'
complete -c crrestore -s d -l restore-detached -d 'End when the processes go on'
complete -c crrestore -s S -l restore-sibling -d 'The first process becomes a child of crrestore\'s parent'
complete -c crrestore -s j -l shell-job -d 'It stays in this session, with this terminal'
complete -c crrestore -l pidfile -r -F -d 'Write the first process\'s pid there'
complete -c crrestore -l root -x -a '(__fish_complete_directories)' -d 'Paths of files begin there'
complete -c crrestore -l inherit-fd -x -a 'fd\[' -d 'What stands for a file of the checkpoint'
complete -c crrestore -l check -d 'Only say what is in the way'
complete -c crrestore -l no-verify -d 'Do not read the images to see whether they are as they were written'
complete -c crrestore -l no-load -d 'Do not load the module if it is not loaded'
complete -c crrestore -s o -l log-file -r -F -d 'Write there what is said'
complete -c crrestore -l action-script -r -F -d 'Run it when something happens'
complete -c crrestore -l external -x -a 'file\[ tty\[ pipe\[ unix\[ mnt\[' -d 'Accepted; --inherit-fd says what stands for it'
complete -c crrestore -l locks-only -d 'Restore locks, and no processes'
complete -c crrestore -s p -l pid -x -a '(__fish_complete_pids)' -d 'For this process, which has the files open'
complete -c crrestore -l task -x -d 'Only what these dumped processes held'
complete -c crrestore -l on-conflict -x -a 'fail wait wait: skip' -d 'If others hold conflicting locks'
complete -c crrestore -s v -l verbose -d 'Say what was restored'
complete -c crrestore -l log-json -d 'An object of JSON for each message'
complete -c crrestore -l progress -d 'Say how far long work is also where there is no terminal'
complete -c crrestore -l no-progress -d 'Never say how far work is'
complete -c crrestore -s h -l help -d 'Show a summary'
complete -c crrestore -s V -l version -d 'Show the version'
