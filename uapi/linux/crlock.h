/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * crlock: the kernel's file locks, their holders and what else a checkpoint needs, read over
 * generic netlink.
 *
 * The family changes nothing in the kernel. One attribute space serves all commands. A value with
 * many occurrences is a repeated attribute; a row is one attribute whose payload is one of the
 * structs below, so that its size travels with it. Structs grow at their end only: a reader takes
 * what it knows of a longer row, and reads as zero what a shorter one lacks.
 *
 * CRLOCK_CMD_INFO_GET (do)
 *
 *   reply      CRLOCK_A_MODULE_VERSION    string
 *              CRLOCK_A_ABI               u32, %CRLOCK_ABI
 *              CRLOCK_A_KERNEL            string, as uname -r
 *              CRLOCK_A_ARCH              string, as uname -m
 *              CRLOCK_A_FEATURES          u32, bits of &enum crlock_feature
 *              CRLOCK_A_SNAPSHOT_MAX      u64, bytes
 *              CRLOCK_A_TGIDS_MAX         u32
 *
 * CRLOCK_CMD_LOCK_GET (dump)
 *
 *   request    CRLOCK_A_TGID              u32, repeated: only locks of files that one of these holds
 *              CRLOCK_A_DEV_MAJOR         u32 \
 *              CRLOCK_A_DEV_MINOR         u32  > all three: only locks of this inode
 *              CRLOCK_A_INO               u64 /
 *              CRLOCK_A_KINDS             u32, bits 1 << &enum crlock_kind: only these kinds
 *   replies    CRLOCK_A_HOLDER            struct crlock_holder, repeated
 *              CRLOCK_A_LOCK              struct crlock_lock, repeated
 *
 *   A process holds, for CRLOCK_A_TGID, what is in flight to its sockets too.
 *
 *   Rows come file by file: first all holders of an open file description, then all of its locks.
 *   Both may go on in the next message. A filter never cuts the list of holders short. If
 *   receive queues of sockets could not be read, since a receiver would not let go of them, the
 *   last message has CRLOCK_A_BUSY_QUEUES, u32: how many; holders in flight may then be missing. The
 *   same way, if something would not let go of address spaces, it has CRLOCK_A_BUSY_MAPPINGS: how
 *   many; holders that map a file may then be missing.
 *
 * CRLOCK_CMD_FILE_GET (dump)
 *
 *   request    CRLOCK_A_TGID              u32, repeated, at least one
 *   replies    CRLOCK_A_FILE              struct crlock_file, repeated: one for each descriptor
 *
 * CRLOCK_CMD_REGS_GET (do)                CRLOCK_CMD_REGS_GET (dump)
 *
 *   request    CRLOCK_A_TID   u32           request    CRLOCK_A_TGID  u32, once
 *   reply      one thread, as below         replies    one thread a message
 *
 *              CRLOCK_A_THREAD            struct crlock_thread
 *              CRLOCK_A_REGSET            nest, repeated; none if crlock_thread.error is not 0
 *                CRLOCK_A_REGSET_NOTE       u32, NT_* of <linux/elf.h>
 *                CRLOCK_A_REGSET_DATA       bytes, those of PTRACE_GETREGSET
 *
 * CRLOCK_CMD_TASK_GET (dump)
 *
 *   request    CRLOCK_A_TGID              u32, repeated, at least one
 *   replies    CRLOCK_A_PROCESS           struct crlock_process
 *              CRLOCK_A_SIGACTION         struct crlock_sigaction, repeated
 *              CRLOCK_A_TIMER             struct crlock_timer, repeated
 *              CRLOCK_A_TASK              struct crlock_task, repeated: one for each thread
 *
 *   Rows come process by process, in this order, and may go on in the next message: a row belongs
 *   to the CRLOCK_A_PROCESS that came last. A process that has ended before it was looked at has no
 *   rows. Nothing is told torn, but what is told of a thread that runs holds only at that moment.
 *
 * CRLOCK_CMD_MONITOR (do)
 *
 *   request    CRLOCK_A_TGID, CRLOCK_A_DEV_MAJOR, CRLOCK_A_DEV_MINOR, CRLOCK_A_INO, CRLOCK_A_KINDS
 *                                         as of CRLOCK_CMD_LOCK_GET: only events of these; a
 *                                         process is that of the event or of who made it happen
 *              CRLOCK_A_EVENTS            u32, bits 1 << &enum crlock_event_kind: only these
 *
 *   From then on, until it is closed, the socket that the request came by gets what happens, in
 *   messages of CRLOCK_CMD_EVENT with the sequence number 0, after the acknowledgement:
 *
 *              CRLOCK_A_LOST              u64, how many events were lost since the request: for want
 *                                         of memory, or of room in the socket (of which ENOBUFS tells
 *                                         too); comes whenever it has grown, and counts also events
 *                                         that the filter would have left out
 *              CRLOCK_A_EVENT             struct crlock_event, repeated
 *              CRLOCK_A_END               flag: the module is being unloaded, this is the last message
 *
 *   They are sent to each socket apart, for who may read is asked of each, and process ids are those
 *   of each reader's pid namespace.
 *
 * Who may ask: in the initial user namespace CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN, for
 * registers and tasks CAP_SYS_PTRACE too; for CRLOCK_CMD_INFO_GET anyone.
 *
 * Errors, each with an extended acknowledgement that says what is wrong:
 *   EPERM    a capability is missing
 *   EINVAL   an attribute is unknown, malformed or missing, or has bits that mean nothing
 *   ERANGE   a number is out of range
 *   ESRCH    no such process or thread in the reader's pid namespace
 *   EAGAIN   the thread is neither stopped, traced nor frozen
 *   ENOBUFS  the snapshot is larger than the module's snapshot_max; before the error comes a
 *            message with CRLOCK_A_NEEDED, u64, the bytes that it takes; or at least takes, where
 *            there was not even memory to count them
 *   EBUSY    the socket has events sent to it already
 *   EUSERS   too many sockets have
 *   EOPNOTSUPP  the kernel has not the tracepoints that events come from
 *   ENOMEM, EINTR
 *
 * Process and thread ids are those of the reader's pid namespace; 0: not visible from there.
 * Ids of kernel objects (ending in _id) are keyed hashes, with a key made at module load: equal ids
 * mean the same object, as long as it lives. An id of 0 means none.
 */
#ifndef _UAPI_LINUX_CRLOCK_H
#define _UAPI_LINUX_CRLOCK_H

#include <linux/types.h>

#define CRLOCK_GENL_NAME    "crlock"
#define CRLOCK_GENL_VERSION 1

/** CRLOCK_ABI - Changes when a reader of the former value would misread what it gets. */
#define CRLOCK_ABI 1

enum {
	CRLOCK_CMD_UNSPEC,
	CRLOCK_CMD_INFO_GET,
	CRLOCK_CMD_LOCK_GET,
	CRLOCK_CMD_FILE_GET,
	CRLOCK_CMD_REGS_GET,
	CRLOCK_CMD_TASK_GET,
	CRLOCK_CMD_MONITOR,
	CRLOCK_CMD_EVENT,

	__CRLOCK_CMD_MAX,
	CRLOCK_CMD_MAX = __CRLOCK_CMD_MAX - 1,
};

enum {
	CRLOCK_A_UNSPEC,
	CRLOCK_A_PAD,
	CRLOCK_A_MODULE_VERSION,
	CRLOCK_A_ABI,
	CRLOCK_A_KERNEL,
	CRLOCK_A_ARCH,
	CRLOCK_A_FEATURES,
	CRLOCK_A_SNAPSHOT_MAX,
	CRLOCK_A_TGIDS_MAX,
	CRLOCK_A_TGID,
	CRLOCK_A_TID,
	CRLOCK_A_DEV_MAJOR,
	CRLOCK_A_DEV_MINOR,
	CRLOCK_A_INO,
	CRLOCK_A_KINDS,
	CRLOCK_A_HOLDER,
	CRLOCK_A_LOCK,
	CRLOCK_A_FILE,
	CRLOCK_A_THREAD,
	CRLOCK_A_REGSET,
	CRLOCK_A_NEEDED,
	CRLOCK_A_BUSY_QUEUES,
	CRLOCK_A_PROCESS,
	CRLOCK_A_SIGACTION,
	CRLOCK_A_TIMER,
	CRLOCK_A_TASK,
	CRLOCK_A_EVENTS,
	CRLOCK_A_EVENT,
	CRLOCK_A_LOST,
	CRLOCK_A_END,
	CRLOCK_A_BUSY_MAPPINGS,

	__CRLOCK_A_MAX,
	CRLOCK_A_MAX = __CRLOCK_A_MAX - 1,
};

/* Inside CRLOCK_A_REGSET. */
enum {
	CRLOCK_A_REGSET_UNSPEC,
	CRLOCK_A_REGSET_NOTE,
	CRLOCK_A_REGSET_DATA,

	__CRLOCK_A_REGSET_MAX,
	CRLOCK_A_REGSET_MAX = __CRLOCK_A_REGSET_MAX - 1,
};

/**
 * enum crlock_feature - What this build of the module can tell, as bits.
 * @CRLOCK_FEATURE_DELEGATIONS: delegations and layouts, on the lists that leases are on
 * @CRLOCK_FEATURE_MAPPINGS: holders that only map a file
 * @CRLOCK_FEATURE_IN_FLIGHT: holders that are messages in unix socket queues
 * @CRLOCK_FEATURE_REGSETS: CRLOCK_CMD_REGS_GET, on this architecture
 * @CRLOCK_FEATURE_TASKS: CRLOCK_CMD_TASK_GET
 * @CRLOCK_FEATURE_FILE_OWNERS: fown_* of &struct crlock_file
 * @CRLOCK_FEATURE_EVENTS: CRLOCK_CMD_MONITOR, on this kernel
 */
enum crlock_feature {
	CRLOCK_FEATURE_DELEGATIONS = 1 << 0,
	CRLOCK_FEATURE_MAPPINGS = 1 << 1,
	CRLOCK_FEATURE_IN_FLIGHT = 1 << 2,
	CRLOCK_FEATURE_REGSETS = 1 << 3,
	CRLOCK_FEATURE_TASKS = 1 << 4,
	CRLOCK_FEATURE_FILE_OWNERS = 1 << 5,
	CRLOCK_FEATURE_EVENTS = 1 << 6,
};

/**
 * enum crlock_kind - Kinds of lock.
 * @CRLOCK_KIND_FLOCK: flock(2)
 * @CRLOCK_KIND_POSIX: F_SETLK of fcntl(2), owned by a table of descriptors
 * @CRLOCK_KIND_OFD: F_OFD_SETLK of fcntl(2), owned by an open file description
 * @CRLOCK_KIND_LEASE: F_SETLEASE of fcntl(2)
 * @CRLOCK_KIND_DELEGATION: given by nfsd to a client, or taken by F_SETDELEG
 * @CRLOCK_KIND_LAYOUT: a pNFS layout given by nfsd
 */
enum crlock_kind {
	CRLOCK_KIND_FLOCK,
	CRLOCK_KIND_POSIX,
	CRLOCK_KIND_OFD,
	CRLOCK_KIND_LEASE,
	CRLOCK_KIND_DELEGATION,
	CRLOCK_KIND_LAYOUT,

	/* private: */
	__CRLOCK_KIND_MAX,
	CRLOCK_KIND_MAX = __CRLOCK_KIND_MAX - 1,
};

/**
 * enum crlock_lock_flag - State of a lock, as bits.
 * @CRLOCK_LOCK_WAITERS: a request waits for it
 * @CRLOCK_LOCK_UNLOCK_PENDING: FL_UNLOCK_PENDING, the lease is to be given up
 * @CRLOCK_LOCK_DOWNGRADE_PENDING: FL_DOWNGRADE_PENDING, the lease is to become a read lease
 * @CRLOCK_LOCK_NOTICE: fown_* tell who hears of a lease break
 */
enum crlock_lock_flag {
	CRLOCK_LOCK_WAITERS = 1 << 0,
	CRLOCK_LOCK_UNLOCK_PENDING = 1 << 1,
	CRLOCK_LOCK_DOWNGRADE_PENDING = 1 << 2,
	CRLOCK_LOCK_NOTICE = 1 << 3,
};

/** CRLOCK_NO_DEADLINE - In break_ms and downgrade_ms: no time was set. */
#define CRLOCK_NO_DEADLINE (-0x7fffffffffffffffLL - 1)

/** CRLOCK_EOF - In end: up to the largest offset, however the file grows. */
#define CRLOCK_EOF 0x7fffffffffffffffLL

/**
 * struct crlock_lock - One lock; see struct file_lock and struct file_lease of the kernel.
 * @id: id of the lock
 * @file_id: id of its open file description, the &struct file that it was set by
 * @owner_id: id of its owner: of the description for flock, OFD and leases, of the table of
 *	descriptors for POSIX, compare &crlock_holder.files_id
 * @mount_id: id of the mount that the description was opened through
 * @ino: inode number on its superblock
 * @start: first byte, from the start of the file
 * @end: last byte, inclusive, or %CRLOCK_EOF
 * @break_ms: %CRLOCK_LOCK_UNLOCK_PENDING: milliseconds until the kernel takes the lease away,
 *	negative once that is over, or %CRLOCK_NO_DEADLINE (fl_break_time)
 * @downgrade_ms: %CRLOCK_LOCK_DOWNGRADE_PENDING: milliseconds until the kernel downgrades the lease,
 *	the same way (fl_downgrade_time)
 * @dev_major: device of the superblock, as /proc/locks has it; stat(2) gives another on some
 *	filesystems
 * @dev_minor: the same
 * @generation: generation of the inode number
 * @fl_flags: FL_* of the kernel's linux/filelock.h, as they are
 * @pid: process that set it; it may be gone, and another have its id
 * @fown_pid: process, thread or group that break notices go to, 0 for none (F_GETOWN_EX)
 * @fown_type: what @fown_pid is, F_OWNER_*
 * @fown_signum: signal of the notice, 0 for SIGIO (F_GETSIG)
 * @fown_uid: real user that set the owner, in the initial user namespace
 * @fown_euid: effective user that set the owner, in the initial user namespace
 * @rank: position, from 0, in the inode's list that it is on: that of flocks, of POSIX and OFD locks, or of
 *	the rest
 * @nr_holders: how many rows of &struct crlock_holder came for @file_id
 * @kind: &enum crlock_kind
 * @held: type that is in force: F_RDLCK or F_WRLCK
 * @target: type that a breaking lease is to become, else the same as @held
 * @state: bits of &enum crlock_lock_flag
 * @reserved: 0
 */
struct crlock_lock {
	__u64 id;
	__u64 file_id;
	__u64 owner_id;
	__u64 mount_id;
	__u64 ino;
	__s64 start;
	__s64 end;
	__s64 break_ms;
	__s64 downgrade_ms;
	__u32 dev_major;
	__u32 dev_minor;
	__u32 generation;
	__u32 fl_flags;
	__s32 pid;
	__s32 fown_pid;
	__u32 fown_type;
	__s32 fown_signum;
	__u32 fown_uid;
	__u32 fown_euid;
	__u32 rank;
	__u32 nr_holders;
	__u8 kind;
	__u8 held;
	__u8 target;
	__u8 state;
	__u32 reserved;
};

/**
 * enum crlock_holder_kind - What refers to an open file description.
 * @CRLOCK_HOLDER_DESCRIPTOR: a descriptor
 * @CRLOCK_HOLDER_MAPPING: a mapping
 * @CRLOCK_HOLDER_IN_FLIGHT: a message (SCM_RIGHTS) in the receive queue of a unix socket
 */
enum crlock_holder_kind {
	CRLOCK_HOLDER_DESCRIPTOR,
	CRLOCK_HOLDER_MAPPING,
	CRLOCK_HOLDER_IN_FLIGHT,
};

/** CRLOCK_HOLDER_CLOEXEC - In flags: the descriptor is closed by execve(2). */
#define CRLOCK_HOLDER_CLOEXEC (1 << 0)

/**
 * struct crlock_holder - One reference to an open file description.
 * @file_id: id of the description
 * @files_id: id of the table that the descriptor is in; 0 for other kinds
 * @where: address of the mapping's first byte, 0 for a reader without CAP_SYS_PTRACE; or inode number
 *	of the socket; 0 for a descriptor
 * @tgid: process, 0 if it is not visible or the holder is in flight
 * @tid: the process's first thread that has the table or mapping: equal to @tgid unless a thread
 *	has a table of its own
 * @fd: descriptor, -1 for other kinds
 * @kind: &enum crlock_holder_kind
 * @flags: %CRLOCK_HOLDER_CLOEXEC
 * @reserved: 0
 */
struct crlock_holder {
	__u64 file_id;
	__u64 files_id;
	__u64 where;
	__s32 tgid;
	__s32 tid;
	__s32 fd;
	__u8 kind;
	__u8 flags;
	__u16 reserved;
};

/**
 * struct crlock_file - One descriptor and its open file description.
 * @id: id of the description: the same for descriptors shared by dup, fork or SCM_RIGHTS
 * @files_id: id of the table that the descriptor is in
 * @mount_id: id of the mount that it was opened through
 * @ino: inode number on its superblock
 * @pos: position in bytes
 * @tgid: process
 * @tid: as in &struct crlock_holder
 * @fd: descriptor
 * @flags: O_* of open(2), with the access mode (f_flags)
 * @mode: file type and permissions, as st_mode of stat(2)
 * @dev_major: device of the superblock
 * @dev_minor: the same
 * @rdev_major: of a device file, the device
 * @rdev_minor: the same
 * @generation: generation of the inode number
 * @fd_flags: FD_CLOEXEC or 0
 * @reserved: 0
 * @fown_pid: process, thread or group that hears of input and output, 0 for none (F_GETOWN_EX);
 *	O_ASYNC in @flags tells whether it does now
 * @fown_type: what @fown_pid is, F_OWNER_*
 * @fown_signum: signal of the notice, 0 for SIGIO (F_GETSIG)
 * @fown_uid: real user that set the owner, in the initial user namespace
 * @fown_euid: effective user that set the owner, in the initial user namespace
 * @reserved2: 0
 */
struct crlock_file {
	__u64 id;
	__u64 files_id;
	__u64 mount_id;
	__u64 ino;
	__s64 pos;
	__s32 tgid;
	__s32 tid;
	__s32 fd;
	__u32 flags;
	__u32 mode;
	__u32 dev_major;
	__u32 dev_minor;
	__u32 rdev_major;
	__u32 rdev_minor;
	__u32 generation;
	__u32 fd_flags;
	__u32 reserved;
	__s32 fown_pid;
	__u32 fown_type;
	__s32 fown_signum;
	__u32 fown_uid;
	__u32 fown_euid;
	__u32 reserved2;
};

/**
 * enum crlock_thread_state - What keeps a thread from running.
 * @CRLOCK_THREAD_RUNNING: nothing
 * @CRLOCK_THREAD_STOPPED: a job control stop
 * @CRLOCK_THREAD_TRACED: a ptrace stop
 * @CRLOCK_THREAD_FROZEN: a freezer: of cgroups, or of system sleep
 * @CRLOCK_THREAD_DEAD: it has exited
 */
enum crlock_thread_state {
	CRLOCK_THREAD_RUNNING,
	CRLOCK_THREAD_STOPPED,
	CRLOCK_THREAD_TRACED,
	CRLOCK_THREAD_FROZEN,
	CRLOCK_THREAD_DEAD,
};

/**
 * struct crlock_thread - The thread that registers were read of.
 * @tgid: process
 * @tid: thread
 * @state: &enum crlock_thread_state, while they were read
 * @error: 0, or the errno value that says why there are no registers: EAGAIN, ESRCH
 */
struct crlock_thread {
	__s32 tgid;
	__s32 tid;
	__u32 state;
	__s32 error;
};

/**
 * enum crlock_process_flag - State of a process, as bits.
 * @CRLOCK_PROCESS_SUBREAPER: it adopts orphans (PR_SET_CHILD_SUBREAPER)
 * @CRLOCK_PROCESS_STOPPED: a job control stop is in effect, also where a tracer has its threads in
 *	stops of another kind
 * @CRLOCK_PROCESS_STOPPING: a job control stop has begun, and some threads are still to come to it
 * @CRLOCK_PROCESS_CONTINUED: it was continued, which no wait with WCONTINUED has consumed yet
 * @CRLOCK_PROCESS_EXITING: it is being ended, by exit_group(2) or a fatal signal
 * @CRLOCK_PROCESS_DUMPING_CORE: it is writing a core dump
 * @CRLOCK_PROCESS_ALARM_PENDING: ITIMER_REAL has expired and starts again once its SIGALRM, which is
 *	pending, is delivered
 */
enum crlock_process_flag {
	CRLOCK_PROCESS_SUBREAPER = 1 << 0,
	CRLOCK_PROCESS_STOPPED = 1 << 1,
	CRLOCK_PROCESS_STOPPING = 1 << 2,
	CRLOCK_PROCESS_CONTINUED = 1 << 3,
	CRLOCK_PROCESS_EXITING = 1 << 4,
	CRLOCK_PROCESS_DUMPING_CORE = 1 << 5,
	CRLOCK_PROCESS_ALARM_PENDING = 1 << 6,
};

/**
 * enum crlock_mm_flag - What was asked for an address space, as bits.
 * @CRLOCK_MM_MCL_FUTURE: new mappings are locked (MCL_FUTURE of mlockall(2))
 * @CRLOCK_MM_MCL_ONFAULT: and that, page by page when touched (MCL_ONFAULT)
 * @CRLOCK_MM_THP_DISABLED: PR_SET_THP_DISABLE
 * @CRLOCK_MM_MERGE_ANY: PR_SET_MEMORY_MERGE
 * @CRLOCK_MM_MDWE: PR_MDWE_REFUSE_EXEC_GAIN of PR_SET_MDWE
 * @CRLOCK_MM_MDWE_NO_INHERIT: PR_MDWE_NO_INHERIT of PR_SET_MDWE
 * @CRLOCK_MM_LDT: there is a local descriptor table (modify_ldt(2))
 */
enum crlock_mm_flag {
	CRLOCK_MM_MCL_FUTURE = 1 << 0,
	CRLOCK_MM_MCL_ONFAULT = 1 << 1,
	CRLOCK_MM_THP_DISABLED = 1 << 2,
	CRLOCK_MM_MERGE_ANY = 1 << 3,
	CRLOCK_MM_MDWE = 1 << 4,
	CRLOCK_MM_MDWE_NO_INHERIT = 1 << 5,
	CRLOCK_MM_LDT = 1 << 6,
};

/**
 * struct crlock_process - What the threads of a process have in common.
 *
 * Interval timers: nanoseconds that are left, 0 if the timer is not armed, and of the interval after
 * that, 0 if there is none. Of ITIMER_REAL they are elapsed, of the others CPU time.
 *
 * If no thread has an address space any more, mm_id and all that is of it, from exe_id on and up to
 * membarrier, is 0.
 *
 * @signal_id: id of what the threads of a process share (&struct signal_struct)
 * @sighand_id: id of its table of signal handlers, which processes may share (CLONE_SIGHAND)
 * @mm_id: id of its address space, which processes may share (CLONE_VM)
 * @itimer_real_ns: ITIMER_REAL; with %CRLOCK_PROCESS_ALARM_PENDING the time to the next multiple of the
 *	interval, where getitimer(2) says 0
 * @itimer_real_interval_ns: its interval
 * @itimer_virtual_ns: ITIMER_VIRTUAL
 * @itimer_virtual_interval_ns: its interval
 * @itimer_prof_ns: ITIMER_PROF
 * @itimer_prof_interval_ns: its interval
 * @exe_id: id of the open file description of its executable
 * @exe_mount_id: id of the mount that this was opened through
 * @exe_ino: inode number of the executable on its superblock
 * @start_code: this and the following as in &struct prctl_mm_map of <linux/prctl.h>
 * @end_code: see there
 * @start_data: see there
 * @end_data: see there
 * @start_brk: see there
 * @brk: see there
 * @start_stack: see there
 * @arg_start: see there
 * @arg_end: see there
 * @env_start: see there
 * @env_end: see there
 * @exe_dev_major: device of the executable's superblock
 * @exe_dev_minor: the same
 * @exe_generation: generation of its inode number
 * @auxv_size: bytes of /proc/PID/auxv, with the AT_NULL at its end
 * @mm_flags: bits of &enum crlock_mm_flag
 * @dumpable: 0 not, 1 as its user, 2 as root (PR_GET_DUMPABLE)
 * @membarrier: registrations, bits MEMBARRIER_CMD_REGISTER_* of <linux/membarrier.h>
 * @flags: bits of &enum crlock_process_flag
 * @tgid: process
 * @ppid: its parent, to which it is a child (not its tracer)
 * @exit_signal: signal that the parent gets when it ends, 0 for none
 * @nr_tasks: how many rows of &struct crlock_task follow
 * @nr_timers: how many rows of &struct crlock_timer follow
 * @nr_sigactions: how many rows of &struct crlock_sigaction follow
 */
struct crlock_process {
	__u64 signal_id;
	__u64 sighand_id;
	__u64 mm_id;
	__s64 itimer_real_ns;
	__s64 itimer_real_interval_ns;
	__s64 itimer_virtual_ns;
	__s64 itimer_virtual_interval_ns;
	__s64 itimer_prof_ns;
	__s64 itimer_prof_interval_ns;
	__u64 exe_id;
	__u64 exe_mount_id;
	__u64 exe_ino;
	__u64 start_code;
	__u64 end_code;
	__u64 start_data;
	__u64 end_data;
	__u64 start_brk;
	__u64 brk;
	__u64 start_stack;
	__u64 arg_start;
	__u64 arg_end;
	__u64 env_start;
	__u64 env_end;
	__u32 exe_dev_major;
	__u32 exe_dev_minor;
	__u32 exe_generation;
	__u32 auxv_size;
	__u32 mm_flags;
	__u32 dumpable;
	__u32 membarrier;
	__u32 flags;
	__s32 tgid;
	__s32 ppid;
	__s32 exit_signal;
	__u32 nr_tasks;
	__u32 nr_timers;
	__u32 nr_sigactions;
};

/** CRLOCK_SIGNALS - Signals are 1 to this. */
#define CRLOCK_SIGNALS 64

/**
 * struct crlock_sigaction - What a process does on a signal, as sigaction(2) of the kernel has it.
 *
 * A signal without a row has SIG_DFL, no flags and an empty mask.
 *
 * @handler: address, or SIG_DFL (0) or SIG_IGN (1)
 * @flags: SA_*
 * @restorer: address, with SA_RESTORER
 * @mask: signals that are blocked meanwhile, bits 1 << (signal - 1)
 * @signum: the signal
 * @reserved: 0
 */
struct crlock_sigaction {
	__u64 handler;
	__u64 flags;
	__u64 restorer;
	__u64 mask;
	__u32 signum;
	__u32 reserved;
};

/**
 * enum crlock_timer_flag - State of a timer, as bits.
 * @CRLOCK_TIMER_ARMED: it is to expire
 * @CRLOCK_TIMER_ABSOLUTE: it follows steps of its clock, so that expires_ns is what counts: it is on
 *	CLOCK_REALTIME and was set with TIMER_ABSTIME, or is on CLOCK_REALTIME_ALARM or CLOCK_TAI
 * @CRLOCK_TIMER_PENDING: its signal is pending
 * @CRLOCK_TIMER_ELSEWHERE: it counts the CPU time of another process, which is not read: value_ns is 0
 *	also if it is armed
 */
enum crlock_timer_flag {
	CRLOCK_TIMER_ARMED = 1 << 0,
	CRLOCK_TIMER_ABSOLUTE = 1 << 1,
	CRLOCK_TIMER_PENDING = 1 << 2,
	CRLOCK_TIMER_ELSEWHERE = 1 << 3,
};

/**
 * struct crlock_timer - A timer of timer_create(2).
 *
 * @value_ns: nanoseconds until it expires, at least 1, as timer_gettime(2) has it; 0 if it is not armed
 * @interval_ns: nanoseconds of the interval after that, 0 if there is none
 * @expires_ns: when that is, in the initial time namespace, 0 if it is not armed; of a timer on
 *	CLOCK_REALTIME without %CRLOCK_TIMER_ABSOLUTE as a time of CLOCK_MONOTONIC, else of its clock
 * @sigval: sigev_value
 * @id: what timer_create(2) gave
 * @clock: CLOCK_*, as /proc/PID/timers has it: CLOCK_PROCESS_CPUTIME_ID is -6 and CLOCK_THREAD_CPUTIME_ID
 *	is -2, by which timer_create(2) knows them too
 * @clock_pid: of a CPU clock, the process or thread whose time it is; 0: it is gone, or no CPU clock
 * @notify: SIGEV_*
 * @signum: sigev_signo
 * @notify_tid: with SIGEV_THREAD_ID, the thread that is signalled; 0 otherwise or if it is gone
 * @overrun: as timer_getoverrun(2) has it
 * @flags: bits of &enum crlock_timer_flag
 */
struct crlock_timer {
	__s64 value_ns;
	__s64 interval_ns;
	__s64 expires_ns;
	__u64 sigval;
	__s32 id;
	__s32 clock;
	__s32 clock_pid;
	__u32 notify;
	__s32 signum;
	__s32 notify_tid;
	__s32 overrun;
	__u32 flags;
};

/**
 * enum crlock_task_flag - State of a thread, as bits.
 * @CRLOCK_TASK_EXITING: it is exiting
 * @CRLOCK_TASK_WORKER: it never runs in user mode: a worker of io_uring or vhost
 * @CRLOCK_TASK_VFORK: its parent waits in vfork(2) for it
 * @CRLOCK_TASK_SAVED_MASK: it has a mask for the time of a call (sigsuspend, ppoll, epoll_pwait, ...) in
 *	blocked; saved_mask becomes its mask again when the call is over
 * @CRLOCK_TASK_DISPATCH: system calls are dispatched (PR_SET_SYSCALL_USER_DISPATCH), dispatch_* tell how
 * @CRLOCK_TASK_MEMPOLICY: it has a memory policy (set_mempolicy(2))
 * @CRLOCK_TASK_NO_TSC: reading the time stamp counter gives SIGSEGV (PR_SET_TSC)
 * @CRLOCK_TASK_NO_CPUID: cpuid gives SIGSEGV (ARCH_SET_CPUID)
 * @CRLOCK_TASK_IOPL: it has an I/O privilege level (iopl(2))
 */
enum crlock_task_flag {
	CRLOCK_TASK_EXITING = 1 << 0,
	CRLOCK_TASK_WORKER = 1 << 1,
	CRLOCK_TASK_VFORK = 1 << 2,
	CRLOCK_TASK_SAVED_MASK = 1 << 3,
	CRLOCK_TASK_DISPATCH = 1 << 4,
	CRLOCK_TASK_MEMPOLICY = 1 << 5,
	CRLOCK_TASK_NO_TSC = 1 << 6,
	CRLOCK_TASK_NO_CPUID = 1 << 7,
	CRLOCK_TASK_IOPL = 1 << 8,
};

/**
 * enum crlock_restart_kind - A system call that was interrupted and goes on by restart_syscall(2).
 * @CRLOCK_RESTART_NONE: none
 * @CRLOCK_RESTART_NANOSLEEP: nanosleep(2), or clock_nanosleep(2) with a relative time
 * @CRLOCK_RESTART_POLL: poll(2)
 * @CRLOCK_RESTART_FUTEX: FUTEX_WAIT or FUTEX_WAIT_BITSET of futex(2), with a timeout
 * @CRLOCK_RESTART_OTHER: one that this module does not know
 */
enum crlock_restart_kind {
	CRLOCK_RESTART_NONE,
	CRLOCK_RESTART_NANOSLEEP,
	CRLOCK_RESTART_POLL,
	CRLOCK_RESTART_FUTEX,
	CRLOCK_RESTART_OTHER,
};

/**
 * enum crlock_restart_flag - More about such a call, as bits.
 * @CRLOCK_RESTART_TIMED: restart_ns holds the time left. Not so for poll(2) without a timeout
 * @CRLOCK_RESTART_CPU: of nanosleep, restart_clock is a CPU clock as its process names it, and restart_ns
 *	when on that clock the sleep ends
 * @CRLOCK_RESTART_COMPAT: of nanosleep, the time at restart_address has 32 bits for seconds
 */
enum crlock_restart_flag {
	CRLOCK_RESTART_TIMED = 1 << 0,
	CRLOCK_RESTART_CPU = 1 << 1,
	CRLOCK_RESTART_COMPAT = 1 << 2,
};

/**
 * struct crlock_task - A thread.
 *
 * Ids are of objects that threads may share, addresses are in its own address space, and masks have bits
 * 1 << (signal - 1).
 *
 * restart_* tell how the system call goes on that the thread was in when it was stopped, if that is more
 * than to make the call again. Of a thread that is neither stopped, traced nor frozen they are 0. All
 * arguments of the call are in its registers, but not always its number.
 *
 * @mm_id: address space (CLONE_VM), 0 if it has exited
 * @files_id: table of descriptors (CLONE_FILES), as in &struct crlock_file
 * @fs_id: root, working directory and umask (CLONE_FS)
 * @sighand_id: table of signal handlers (CLONE_SIGHAND)
 * @signal_id: process (CLONE_THREAD)
 * @sem_undo_id: list of semaphore adjustments (CLONE_SYSVSEM), 0 until it has one
 * @io_context_id: I/O context (CLONE_IO), 0 until it has one
 * @sas_sp: alternate signal stack, first byte (sigaltstack(2))
 * @sas_size: its size, bytes
 * @set_child_tid: CLONE_CHILD_SETTID
 * @clear_child_tid: CLONE_CHILD_CLEARTID, set_tid_address(2)
 * @robust_list: set_robust_list(2)
 * @compat_robust_list: the same, of the 32-bit call
 * @rseq: rseq(2), 0 if it is not registered
 * @blocked: signals that are blocked
 * @real_blocked: what sigtimedwait(2) puts back into @blocked, 0 otherwise
 * @saved_mask: what becomes @blocked with %CRLOCK_TASK_SAVED_MASK; without it means nothing
 * @timer_slack_ns: PR_SET_TIMERSLACK, nanoseconds
 * @default_timer_slack_ns: what PR_SET_TIMERSLACK with 0 makes it
 * @dispatch_offset: first address from which system calls are not dispatched
 * @dispatch_len: of that range, bytes
 * @dispatch_selector: address of the byte that says whether calls are dispatched now
 * @restart_ns: nanoseconds until the call's timeout, of its clock and from now on; negative if that is over
 * @restart_address: of nanosleep where the time left is to be written, 0 for nowhere; of poll the
 *	array; of futex the word
 * @tgid: process
 * @tid: thread
 * @state: &enum crlock_thread_state, while the rest was read
 * @flags: bits of &enum crlock_task_flag
 * @sas_flags: SS_DISABLE or 0, and SS_AUTODISARM
 * @rseq_len: length that was registered with @rseq
 * @rseq_sig: signature that was registered with @rseq
 * @pdeath_signal: signal it gets when its parent ends, 0 for none (PR_SET_PDEATHSIG)
 * @stop_signal: signal that began the last job control stop, or 0
 * @securebits: SECBIT_* of <linux/securebits.h> (PR_GET_SECUREBITS)
 * @restart_kind: &enum crlock_restart_kind
 * @restart_flags: bits of &enum crlock_restart_flag
 * @restart_clock: CLOCK_* of @restart_ns. A sleep on CLOCK_REALTIME of a relative time is on CLOCK_MONOTONIC
 * @restart_value: of poll the number of descriptors, of futex the value that was expected, else 0
 * @restart_bitset: of futex the bit set, else 0
 * @reserved: 0
 */
struct crlock_task {
	__u64 mm_id;
	__u64 files_id;
	__u64 fs_id;
	__u64 sighand_id;
	__u64 signal_id;
	__u64 sem_undo_id;
	__u64 io_context_id;
	__u64 sas_sp;
	__u64 sas_size;
	__u64 set_child_tid;
	__u64 clear_child_tid;
	__u64 robust_list;
	__u64 compat_robust_list;
	__u64 rseq;
	__u64 blocked;
	__u64 real_blocked;
	__u64 saved_mask;
	__u64 timer_slack_ns;
	__u64 default_timer_slack_ns;
	__u64 dispatch_offset;
	__u64 dispatch_len;
	__u64 dispatch_selector;
	__s64 restart_ns;
	__u64 restart_address;
	__s32 tgid;
	__s32 tid;
	__u32 state;
	__u32 flags;
	__u32 sas_flags;
	__u32 rseq_len;
	__u32 rseq_sig;
	__s32 pdeath_signal;
	__s32 stop_signal;
	__u32 securebits;
	__u32 restart_kind;
	__u32 restart_flags;
	__s32 restart_clock;
	__u32 restart_value;
	__u32 restart_bitset;
	__u32 reserved;
};

/**
 * enum crlock_event_kind - What happened.
 * @CRLOCK_EVENT_SET: a lock was set, or its type changed. The range of a POSIX or OFD lock is that of
 *	the lock as it is now: what was asked for, joined with ranges of the same owner and type that it
 *	overlaps or touches
 * @CRLOCK_EVENT_BLOCKED: a request for a lock waits; or, %CRLOCK_EVENT_OPEN, an open or the like for
 *	leases to be given up
 * @CRLOCK_EVENT_GRANTED: a request that had waited got its lock; ranges are as of %CRLOCK_EVENT_SET
 * @CRLOCK_EVENT_UNBLOCKED: an open that had waited goes on: no lease is in its way any more
 * @CRLOCK_EVENT_REFUSED: a request, or an open, that would have had to wait failed instead; see error
 * @CRLOCK_EVENT_CANCELLED: a request for a POSIX or OFD lock, or an open, that had waited ended without
 *	success; see error. Of flock(2) the kernel does not tell
 * @CRLOCK_EVENT_RELEASED: a lock was given up: by unlocking, at a close, or because flock(2) gives one
 *	up before it waits for one of another type. Of POSIX and OFD locks, one event for each lock that
 *	was in the range, with the part that is not locked any more; what is left of it on either side
 *	is not told. That a close gives up a lease the kernel does not tell
 * @CRLOCK_EVENT_ASKED: a lease is asked for, or to be of another type. Whether it is given the kernel
 *	does not tell
 * @CRLOCK_EVENT_BROKEN: a lease begins to be broken, or more of it than before
 * @CRLOCK_EVENT_DEADLINE: time was over for the holder of a lease that is being broken, and the kernel
 *	took it away or downgraded it; it looks at the time only when someone waits, or does something
 *	else with leases of that file
 */
enum crlock_event_kind {
	CRLOCK_EVENT_SET,
	CRLOCK_EVENT_BLOCKED,
	CRLOCK_EVENT_GRANTED,
	CRLOCK_EVENT_UNBLOCKED,
	CRLOCK_EVENT_REFUSED,
	CRLOCK_EVENT_CANCELLED,
	CRLOCK_EVENT_RELEASED,
	CRLOCK_EVENT_ASKED,
	CRLOCK_EVENT_BROKEN,
	CRLOCK_EVENT_DEADLINE,

	/* private: */
	__CRLOCK_EVENT_MAX,
	CRLOCK_EVENT_MAX = __CRLOCK_EVENT_MAX - 1,
};

/**
 * enum crlock_event_flag - More of an event, as bits.
 * @CRLOCK_EVENT_OPEN: it is about an open or the like, not about a request for a lock: held is what for
 * @CRLOCK_EVENT_CLOSE: the lock was given up by a close
 * @CRLOCK_EVENT_UNSURE: of %CRLOCK_EVENT_RELEASED: not all locks of the file were looked at before, for
 *	want of memory or since there were too many; if there were more of the owner in the range, of
 *	which no other event tells, they are gone. held is F_UNLCK
 */
enum crlock_event_flag {
	CRLOCK_EVENT_OPEN = 1 << 0,
	CRLOCK_EVENT_CLOSE = 1 << 1,
	CRLOCK_EVENT_UNSURE = 1 << 2,
};

/** CRLOCK_COMM_LEN - Bytes of a process's name, with a NUL. */
#define CRLOCK_COMM_LEN 16

/**
 * struct crlock_event - Something that happened to a lock.
 * @time_ns: when, in nanoseconds since the epoch
 * @file_id: id of the open file description; 0 of %CRLOCK_EVENT_OPEN, which has none yet
 * @owner_id: id of the owner, as in &struct crlock_lock; 0 of %CRLOCK_EVENT_OPEN
 * @ino: inode number on its superblock
 * @start: first byte
 * @end: last byte, inclusive, or %CRLOCK_EOF
 * @dev_major: device of the superblock
 * @dev_minor: the same
 * @generation: generation of the inode number
 * @fl_flags: FL_* of the kernel's linux/filelock.h, as they are
 * @pid: process: who asked; of %CRLOCK_EVENT_BROKEN and %CRLOCK_EVENT_DEADLINE who set the lease, which
 *	may be gone
 * @by_pid: process that made it happen: of a broken lease, who opens the file
 * @by_tid: its thread
 * @error: errno value of %CRLOCK_EVENT_REFUSED and %CRLOCK_EVENT_CANCELLED, else 0
 * @event: &enum crlock_event_kind
 * @kind: &enum crlock_kind
 * @held: F_RDLCK or F_WRLCK: type that was set, asked for, or is given up
 * @target: of %CRLOCK_EVENT_BROKEN and %CRLOCK_EVENT_DEADLINE what the lease is to become, or became; else
 *	the same as @held
 * @flags: bits of &enum crlock_event_flag
 * @comm: name of the process @pid; empty if it is gone
 * @by_comm: name of the thread @by_tid
 */
struct crlock_event {
	__s64 time_ns;
	__u64 file_id;
	__u64 owner_id;
	__u64 ino;
	__s64 start;
	__s64 end;
	__u32 dev_major;
	__u32 dev_minor;
	__u32 generation;
	__u32 fl_flags;
	__s32 pid;
	__s32 by_pid;
	__s32 by_tid;
	__s32 error;
	__u8 event;
	__u8 kind;
	__u8 held;
	__u8 target;
	__u32 flags;
	char comm[CRLOCK_COMM_LEN];
	char by_comm[CRLOCK_COMM_LEN];
};

#endif /* _UAPI_LINUX_CRLOCK_H */
