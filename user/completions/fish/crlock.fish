# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion for crlock(8)

# The command and what follows it, without the options before it.
function __crlock_words
    set -l words (commandline -opc)
    set -e words[1]
    while set -q words[1]
        switch $words[1]
            case --log-json '--log-file=*' '-o?*'
                set -e words[1]
            case -o --log-file
                set -e words[1]
                set -e words[1]
            case '*'
                break
        end
    end
    set -q words[1]; and printf "%s\n" $words
end

# Whether the command is yet to be typed.
function __crlock_first
    test (count (__crlock_words)) -eq 0
end

# Whether one of these commands was typed.
function __crlock_command
    set -l words (__crlock_words)
    test (count $words) -gt 0; and contains -- $words[1] $argv
end

# Directories, for crrestore too, of which those that are checkpoints are said to be.
function __crlock_checkpoints
    for directory in (__fish_complete_directories (commandline -ct) '' | string replace -r '\t.*' '')
        if test -e (string replace -r '^~' ~ -- $directory)/inventory.img
            printf '%s\tCheckpoint\n' $directory
        else
            printf '%s\tDirectory\n' $directory
        end
    end
end

# Words of a list that is separated by commas.
function __crlock_list
    __fish_append , $argv
end

complete -c crlock -f
complete -c crlock -n __crlock_first -a graph -d 'Show who waits for whom'
complete -c crlock -n __crlock_first -a info -d 'Show what the kernel module says of itself'
complete -c crlock -n __crlock_first -a ls -d 'List file locks with their holders and waiters'
complete -c crlock -n __crlock_first -a monitor -d 'Tell what happens to file locks, as it happens'
complete -c crlock -n __crlock_first -a show -d 'Show what a checkpoint has in it'
complete -c crlock -n __crlock_first -a top -d 'Show which locks are contended for, again and again'
complete -c crlock -n __crlock_first -a verify -d 'Compare what /proc says of locks with what the module does'
complete -c crlock -n __crlock_first -s o -l log-file -r -F -d 'Write there what is said'
complete -c crlock -n __crlock_first -l log-json -d 'An object of JSON for each message'
complete -c crlock -n __crlock_first -s V -l version -d 'Show the version'
complete -c crlock -s h -l help -d 'Show a summary'

# What several commands have.
complete -c crlock -n '__crlock_command info ls monitor show verify' -s J -l json -d 'JSON'
complete -c crlock -n '__crlock_command graph ls monitor top verify' -s p -l pid -x -a '(__fish_complete_list , __fish_complete_pids)' -d 'Only of these processes'
complete -c crlock -n '__crlock_command graph ls monitor top verify' -s f -l file -r -F -d 'Only of this file'
complete -c crlock -n '__crlock_command graph ls monitor top' -s k -l kind -x -a '(__crlock_list flock posix ofd lease deleg layout)' -d 'Only of these kinds'
complete -c crlock -n '__crlock_command graph ls top' -s s -l source -x -a 'auto kmod proc' -d 'Where to read from'
complete -c crlock -n '__crlock_command graph info ls monitor top verify' -l no-load -d 'Do not load the module if it is not loaded'
complete -c crlock -n '__crlock_command ls verify' -l color -x -a 'auto always never' -d 'Colours'
complete -c crlock -n '__crlock_command ls monitor' -l list-columns -d 'Say which columns there are'
complete -c crlock -n '__crlock_command ls monitor' -s n -l noheadings -d 'No line of column names'

complete -c crlock -n '__crlock_command graph' -s d -l dot -d 'The language of graphviz'
complete -c crlock -n '__crlock_command graph' -s S -l svg -d 'A picture'

complete -c crlock -n '__crlock_command ls' -s o -l output -x -a '(__crlock_list COMMAND PID KIND STATE START END HOLDERS WAITERS PATH HELD TARGET PENDING BREAK DOWNGRADE DEV INODE GEN MNT RANK ID FILE-ID OWNER-ID MOUNT-ID FLAGS NOTICE NHOLDERS NWAITERS UNKNOWN)' -d 'These columns'
complete -c crlock -n '__crlock_command ls' -s O -l output-all -d 'All columns'
complete -c crlock -n '__crlock_command ls' -s r -l raw -d 'Words separated by single blanks'
complete -c crlock -n '__crlock_command ls' -s u -l notruncate -d 'Do not cut columns to the width of the terminal'

complete -c crlock -n '__crlock_command monitor' -s o -l output -x -a '(__crlock_list TIME EVENT KIND TYPE START END COMMAND PID BY PATH ERROR MORE DEV INODE GEN FILE-ID OWNER-ID)' -d 'These columns'
complete -c crlock -n '__crlock_command monitor' -s e -l event -x -a '(__crlock_list set blocked granted unblocked refused cancelled released asked broken deadline)' -d 'Only these events'
complete -c crlock -n '__crlock_command monitor' -s b -l rcvbuf -x -d 'Room for events that are not yet read'

complete -c crlock -n '__crlock_command show' -l verify -d 'Only tell whether all images are as they were written'
complete -c crlock -n '__crlock_command show' -l progress -d 'Say how far --verify is also where there is no terminal'
complete -c crlock -n '__crlock_command show' -l no-progress -d 'Never say how far --verify is'
complete -c crlock -n '__crlock_command show' -a '(__crlock_checkpoints)'

complete -c crlock -n '__crlock_command top' -s b -l batch -d 'Lines of text'
complete -c crlock -n '__crlock_command top' -s n -l iterations -x -d 'End after so many times'
complete -c crlock -n '__crlock_command top' -s d -l delay -x -d 'Seconds from one to the next'
complete -c crlock -n '__crlock_command top' -s S -l sort -x -a 'waiters oldest churn locks path' -d 'Sort by'
complete -c crlock -n '__crlock_command top' -s r -l reverse -d 'Sort the other way round'
complete -c crlock -n '__crlock_command top' -s F -l filter -x -d 'Only what has this text in it'
complete -c crlock -n '__crlock_command top' -l rcvbuf -x -d 'Room for events that are not yet read'

complete -c crlock -n '__crlock_command verify' -s w -l watch -x -d 'Compare until so long is over'
complete -c crlock -n '__crlock_command verify' -l rounds -x -d 'A difference counts if it stays in so many readings'
complete -c crlock -n '__crlock_command verify' -l proc -x -a '(__fish_complete_directories)' -d 'In place of /proc'
complete -c crlock -n '__crlock_command verify' -s v -l verbose -d 'Name all that the format cannot tell, too'
complete -c crlock -n '__crlock_command verify' -s l -l list -d 'Explain all rules, each with an example'
