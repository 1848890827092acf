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
 *   last message has CRLOCK_A_BUSY_QUEUES, u32: how many; holders in flight may then be missing.
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
 * Who may ask: in the initial user namespace CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN, for
 * registers CAP_SYS_PTRACE too; for CRLOCK_CMD_INFO_GET anyone.
 *
 * Errors, each with an extended acknowledgement that says what is wrong:
 *   EPERM    a capability is missing
 *   EINVAL   an attribute is unknown, malformed, out of range or missing
 *   ESRCH    no such process or thread in the reader's pid namespace
 *   EAGAIN   the thread is neither stopped, traced nor frozen
 *   ENOBUFS  the snapshot is larger than the module's snapshot_max; before the error comes a
 *            message with CRLOCK_A_NEEDED, u64, the bytes that it takes
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
 */
enum crlock_feature {
	CRLOCK_FEATURE_DELEGATIONS = 1 << 0,
	CRLOCK_FEATURE_MAPPINGS = 1 << 1,
	CRLOCK_FEATURE_IN_FLIGHT = 1 << 2,
	CRLOCK_FEATURE_REGSETS = 1 << 3,
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
 * @where: address of the mapping's first byte, or inode number of the socket; 0 for a descriptor
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

#endif /* _UAPI_LINUX_CRLOCK_H */
