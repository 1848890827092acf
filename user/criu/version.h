/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The version of criu(8) that is told. Callers take it for what can be asked for: crun wants 3.15 at least, runc and
 * podman less, and podman takes 3.16 for a promise to restore into the namespaces of a pod. So it is the lowest that
 * all of them work with, and not of a newer program, whose additions are not here.
 */
#ifndef CRIU_VERSION_H
#define CRIU_VERSION_H

#define CRIU_VERSION_MAJOR 3
#define CRIU_VERSION_MINOR 15

#endif
