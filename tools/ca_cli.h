/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The CA as the command line says it: opened by the global options, its results as exit codes, and what it waits for as
 * words. Nothing is owned. Called by the verbs. */
#ifndef CG_CA_CLI_H
#define CG_CA_CLI_H

#include "ca_open.h"
#include "cli.h"

/* Borrows from cli. */
struct cg_ca_options cg_ca_options_of(const struct cg_cli *cli);

int cg_ca_exit_code(enum cg_ca_result result);

/* cg_ca_open by the options of cli; returns the exit code. */
int cg_verb_open_ca(struct cg_ca *ca, const struct cg_cli *cli, enum cg_ca_use use, struct cg_error *err);

#endif
