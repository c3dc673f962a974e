/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The CA as the command line says it: opened by the global options, its results as exit codes, and what it leaves to the
 * caller to warn about as words. Nothing is owned. Called by the verbs. */
#ifndef CG_CA_CLI_H
#define CG_CA_CLI_H

#include "ca/issue.h"
#include "cli/cli.h"
#include "store/open.h"
#include "store/target.h"

/* Borrows from cli. */
struct cg_ca_options cg_ca_options_of(const struct cg_cli *cli);

int cg_ca_exit_code(enum cg_ca_result result);

/* cg_ca_open by the options of cli; returns the exit code. */
int cg_verb_open_ca(struct cg_ca *ca, const struct cg_cli *cli, enum cg_ca_use use, struct cg_error *err);

/* cg_issuer_open, with the warning about keys that are lost. */
bool cg_verb_open_issuer(struct cg_issuer *issuer, const struct cg_cli *cli, const struct cg_ca *ca,
                         struct cg_error *err);

/* Once a run, where count certificates end with the CA and not when they should: says so, and what to do. */
void cg_say_shortened(const struct cg_cli *cli, const struct cg_ca *ca, size_t count);

/* Says which of the folders that --to named in this run held the files of another CA, whose place this one takes. */
void cg_warn_targets(const struct cg_cli *cli, const struct cg_ca *ca, const struct cg_targets *targets);

#endif
