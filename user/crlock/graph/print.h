/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CRLOCK_GRAPH_PRINT_H
#define CRLOCK_GRAPH_PRINT_H

#include <stdio.h>

#include "crlock/graph/graph.h"

/** graph_print_tree - Prints what is chosen as trees, then cycles. Returns: 0 or -ENOMEM. */
int graph_print_tree(struct graph *graph);

/** graph_print_dot - Writes what is chosen in the language of graphviz. Returns: 0 or -ENOMEM. */
int graph_print_dot(const struct graph *graph, FILE *to);

/** graph_print_svg - Has dot(1) draw what is chosen, or says why not. Returns: the exit status. */
int graph_print_svg(const struct graph *graph);

#endif
