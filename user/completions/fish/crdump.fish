# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion for crdump(8)

complete -c crdump -f
complete -c crdump -s t -l tree -x -a '(__fish_complete_pids)' -d 'The process'
complete -c crdump -s D -l images-dir -x -a '(__fish_complete_directories)' -d 'The directory, made if it is not there'
complete -c crdump -l stream -d 'To standard output instead, for crrestore --stream'
complete -c crdump -s R -l leave-running -d 'Let them go on instead'
complete -c crdump -s s -l leave-stopped -d 'Leave them stopped instead'
complete -c crdump -s j -l shell-job -d 'Allow a session and a terminal of a shell outside'
complete -c crdump -l check -d 'Only say what stands in the way'
complete -c crdump -l locks-only -d 'Only their locks'
complete -c crdump -s k -l kill -d 'Kill them'
complete -c crdump -s x -l external-locks -d 'Also locks that processes outside share'
complete -c crdump -l hold-locks -d 'Leave a process that holds them until crrestore has them'
complete -c crdump -l no-precopy -d 'Do not copy memory while they still run'
complete -c crdump -l source -x -a 'auto kmod proc' -d 'Who tells of them'
complete -c crdump -l no-load -d 'Do not load the module if it is not loaded'
complete -c crdump -s o -l log-file -r -F -d 'Write there what is said'
complete -c crdump -s v -l verbose -d 'Say what was dumped'
complete -c crdump -l external -x -a 'file\[ tty\[ pipe\[ unix\[ mnt\[' -d 'What need not be in the tree'
complete -c crdump -l action-script -r -F -d 'Run it when something happens'
complete -c crdump -l version -d 'Show the version'
complete -c crdump -s h -l help -d 'Show a summary'
