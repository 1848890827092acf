// SPDX-License-Identifier: GPL-2.0-or-later
#include "crlock/verify/rules.h"

#define LOCKS(of)  [RULE_LOCKS + (of)]
#define FDINFO(of) [RULE_FDINFO + (of)]
#define WAITER(of) [RULE_WAITER + (of)]

const struct rule_text rules[NR_RULES] = {
	LOCKS(OF_MISSING) = {
		"locks-missing",
		"/proc/locks has no line of a lock that is held",
		"a FLOCK whose setter has exited, while a child still holds it, is left out",
	},
	LOCKS(OF_EXTRA) = {
		"locks-extra",
		"/proc/locks has a line, and no lock is like that, or its setter is not visible from here",
		"a lock comes twice; in a container, one that was set from outside comes with 0",
	},
	LOCKS(OF_KIND) = {
		"locks-kind",
		"FLOCK, POSIX, OFDLCK, LEASE or DELEG is wrong",
		"POSIX in place of OFDLCK",
	},
	LOCKS(OF_STATE) = {
		"locks-state",
		"ACTIVE, BREAKING or BREAKER of a lease is wrong",
		"ACTIVE while the lease is being broken",
	},
	LOCKS(OF_TYPE) = {
		"locks-type",
		"READ, WRITE or UNLCK is wrong; of a lease being broken it is what that becomes",
		"READ, while the lease is to be given up: UNLCK",
	},
	LOCKS(OF_PID) = {
		"locks-pid",
		"the process id is not that of the setter, as seen from here",
		"0, since the setter has exited; or the number of another pid namespace",
	},
	LOCKS(OF_INODE) = {
		"locks-inode",
		"the inode number is wrong, or missing",
		"that of the lower file of overlayfs",
	},
	LOCKS(OF_DEVICE) = {
		"locks-device",
		"the device is not that of the file's superblock",
		"08:01 of the lower layer in place of 00:2a of overlayfs",
	},
	LOCKS(OF_RANGE) = {
		"locks-range",
		"the first or last byte is wrong",
		"0 100 in place of 0 99",
	},
	LOCKS(OF_FORM) = {
		"locks-form",
		"a line is not of the form that programs read",
		"9223372036854775807 in place of EOF",
	},
	LOCKS(OF_NUMBER) = {
		"locks-number",
		"the numbers of /proc/locks do not count up",
		"1: twice; a gap without a lock that is left out",
	},
	FDINFO(OF_MISSING) = {
		"fdinfo-missing",
		"fdinfo of a descriptor lacks a lock that it holds",
		"leases are left out",
	},
	FDINFO(OF_EXTRA) = {
		"fdinfo-extra",
		"fdinfo of a descriptor has a lock that it does not hold",
		"that of another open file description of the file; a POSIX lock in a child",
	},
	FDINFO(OF_KIND) = {
		"fdinfo-kind",
		"the kind is wrong in fdinfo",
		"POSIX in place of OFDLCK",
	},
	FDINFO(OF_STATE) = {
		"fdinfo-state",
		"the state of a lease is wrong in fdinfo",
		"BREAKER in place of BREAKING",
	},
	FDINFO(OF_TYPE) = {
		"fdinfo-type",
		"the type is wrong in fdinfo",
		"WRITE of a lease that becomes READ",
	},
	FDINFO(OF_PID) = {
		"fdinfo-pid",
		"the setter is wrong in fdinfo",
		"a number in place of -1 of OFDLCK",
	},
	FDINFO(OF_INODE) = {
		"fdinfo-inode",
		"the inode number is wrong in fdinfo",
		"0",
	},
	FDINFO(OF_DEVICE) = {
		"fdinfo-device",
		"the device is wrong in fdinfo",
		"that which stat(2) tells",
	},
	FDINFO(OF_RANGE) = {
		"fdinfo-range",
		"the range is wrong in fdinfo",
		"1 99 in place of 0 99",
	},
	FDINFO(OF_FORM) = {
		"fdinfo-form",
		"a line of a lock is not of the form that programs read",
		"two blanks in place of one",
	},
	FDINFO(OF_NUMBER) = {
		"fdinfo-number",
		"the numbers in fdinfo do not count up from 1",
		"each list of the inode counts from 1",
	},
	[RULE_FDINFO_ORDER] = {
		"fdinfo-order",
		"lines are not in order: FLOCK, POSIX with OFDLCK, leases, each as the list has it",
		"the range 100-199 before 0-99",
	},
	WAITER(OF_MISSING) = {
		"waiter-missing",
		"somebody waits for a lock, and /proc/locks does not show it",
		"only the first of two requests is shown",
	},
	WAITER(OF_EXTRA) = {
		"waiter-extra",
		"a request is shown, and nobody waits for that",
		"a request stays after its process was killed",
	},
	WAITER(OF_KIND) = {
		"waiter-kind",
		"the kind of a request is wrong",
		"POSIX in place of FLOCK",
	},
	WAITER(OF_STATE) = {
		"waiter-state",
		"an open that waits for a lease is not shown as BREAKER, or another is",
		"ACTIVE in place of BREAKER",
	},
	WAITER(OF_TYPE) = {
		"waiter-type",
		"READ or WRITE is not what is asked for",
		"READ of a LOCK_EX",
	},
	WAITER(OF_PID) = {
		"waiter-pid",
		"the process that waits is another",
		"that of the lock's setter",
	},
	WAITER(OF_INODE) = {
		"waiter-inode",
		"the inode number of a request is wrong",
		"0",
	},
	WAITER(OF_DEVICE) = {
		"waiter-device",
		"the device of a request is not that of the lock that it is beneath",
		"00:00",
	},
	WAITER(OF_RANGE) = {
		"waiter-range",
		"the range of a request is wrong",
		"that of the lock",
	},
	WAITER(OF_FORM) = {
		"waiter-form",
		"the line of a request is not of the form that programs read",
		"\"->\" without a blank behind it",
	},
	WAITER(OF_NUMBER) = {
		"waiter-number",
		"a request has not the number of the lock that it waits for",
		"2: beneath 1:",
	},
	[RULE_WAITER_LOCK] = {
		"waiter-lock",
		"a request is beneath a lock or request that is not in its way",
		"one for 0-9 beneath the lock of 20-29",
	},
	[RULE_WAITER_LEVEL] = {
		"waiter-level",
		"the level of a request is wrong: what is in the way of another is not above it",
		"two writers that wait for one lock, both at the first level",
	},
	[RULE_FDINFO_BREAK] = {
		"fdinfo-break",
		"a kernel that tells in fdinfo how leases are being broken does not of one, or wrongly",
		"lease: 1: held READ, of a write lease",
	},
	[RULE_BLOCKED_MISSING] = {
		"blocked-missing",
		"a kernel that tells in fdinfo who waits for a lock leaves one out",
		"only the first of two requests has a line blocked:",
	},
	[RULE_BLOCKED_EXTRA] = {
		"blocked-extra",
		"fdinfo has a request of nobody, or has one wrongly",
		"blocked: 1: -> OFDLCK with -1, or with the pid of who holds the lock",
	},
	[RULE_BLOCKED_LOCK] = {
		"blocked-lock",
		"a request in fdinfo is behind a lock or request that is not in its way",
		"that for the lock of another description, which is for the same bytes",
	},
	[RULE_BLOCKED_LEVEL] = {
		"blocked-level",
		"the level of a request in fdinfo is none that can be there",
		"one of the third level behind one of the first",
	},
	[RULE_BLOCKED_FORM] = {
		"blocked-form",
		"a request in fdinfo is not of the form that one has in /proc/locks",
		"\"->\" without a blank behind it",
	},
	[RULE_HELD_TYPE] = {
		"held-type",
		"of a lease that is being broken, only what it becomes is shown",
		"BREAKING UNLCK of a read lease and of a write lease",
	},
	[RULE_DEADLINE] = {
		"deadline",
		"when the kernel takes a lease away, and whether it downgrades it before that",
		"WRITE>READ 2.0s>UNLCK 40.1s is BREAKING UNLCK",
	},
	[RULE_NOTICE] = {
		"notice",
		"who hears of the breaking of a lease, and by which signal",
		"F_SETOWN, F_SETSIG",
	},
	[RULE_OFD_PID] = {
		"ofd-pid",
		"the process that set a lock of an open file description",
		"-1",
	},
	[RULE_SETTER_GONE] = {
		"setter-gone",
		"who holds a lock whose setter does not any more",
		"flock(1) has exited, and its child holds the FLOCK of a process that is gone",
	},
	[RULE_HIDDEN] = {
		"hidden",
		"locks whose setter is not visible from this pid namespace",
		"a container does not see who has locked its file from outside",
	},
	[RULE_HOLDER_MAPPING] = {
		"holder-mapping",
		"that a mapping holds the open file description",
		"mmap(2), then close(2)",
	},
	[RULE_HOLDER_IN_FLIGHT] = {
		"holder-in-flight",
		"that a message in a socket's queue holds it",
		"SCM_RIGHTS that nobody has received",
	},
	[RULE_HOLDER_UNKNOWN] = {
		"holder-unknown",
		"who holds a lock that no descriptor holds",
		"its line is in /proc/locks and in no fdinfo",
	},
	[RULE_STAT_DEVICE] = {
		"stat-device",
		"which file it is, where stat(2) tells another device or inode number",
		"btrfs, overlayfs",
	},
	[RULE_ALIKE] = {
		"alike",
		"which of several equal lines is which lock",
		"two descriptions with a FLOCK READ of one process",
	},
	[RULE_LIST_ORDER] = {
		"list-order",
		"in which order locks of one file were queued",
		"/proc/locks is in no order",
	},
	[RULE_LAYOUT] = {
		"layout",
		"that a lease is a layout of pNFS",
		"LEASE",
	},
	[RULE_WAITER_SETTER] = {
		"waiter-setter",
		"who waits for a lock of a description",
		"-> OFDLCK with -1",
	},
	[RULE_WAITER_FILE] = {
		"waiter-file",
		"which file an open waits for",
		"BREAKER with <none>:0",
	},
	[RULE_WAITER_REMOTE] = {
		"waiter-remote",
		"requests that wait at, or come from, another machine",
		"NFS",
	},
};
