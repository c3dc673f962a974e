/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Connects the CA library to the command line: opens the CA by the global options, turns results into exit codes, and
 * prints the warnings that the library leaves to its caller. Nothing is owned. Called by the verbs. */
#ifndef CG_CA_CLI_H
#define CG_CA_CLI_H

#include "ca/crl.h"
#include "ca/issue.h"
#include "cli/cli.h"
#include "store/open.h"
#include "store/target.h"

/* A warning for --no-passphrase; takes the folder. */
#define CG_KEY_IS_OPEN "the CA key is not encrypted: anyone who can read %s can issue certificates in your name"

int cg_ca_exit_code(enum cg_ca_result result);

/* cg_ca_open by the options of cli; returns the exit code. */
int cg_verb_open_ca(struct cg_ca *ca, const struct cg_cli *cli, enum cg_ca_use use, struct cg_error *err);

/* Returned by work that failed with this exit code and has printed everything. */
#define CG_REPORTED(code) (-(code))

/* Opens the CA, calls work, closes the CA, and prints *err unless work returns CG_EXIT_OK, CG_EXIT_FINDINGS or CG_REPORTED.
 * Returns the exit code. */
typedef int cg_ca_work(struct cg_ca *ca, const struct cg_cli *cli, void *context, struct cg_error *err);
int cg_verb_with_ca(const struct cg_cli *cli, enum cg_ca_use use, cg_ca_work *work, void *context);

/* cg_issuer_open, with a warning about compromised keys that are missing from the archive. */
bool cg_verb_open_issuer(struct cg_issuer *issuer, const struct cg_cli *cli, const struct cg_ca *ca,
                         struct cg_error *err);

/* cg_issuer_prepare with the same warning: without the key. */
bool cg_verb_prepare_issuer(struct cg_issuer *issuer, const struct cg_cli *cli, const struct cg_ca *ca,
                            struct cg_error *err);

/* Warns if the end of the CA shortened count certificates. Called once per run. */
void cg_say_shortened(const struct cg_cli *cli, const struct cg_ca *ca, size_t count);

/* Warns about settings that could not be read for a CRL. */
void cg_warn_settings(const struct cg_cli *cli, const struct cg_crl_made *made);

/* Warns about folders of --to that held the files of another CA. */
void cg_warn_targets(const struct cg_cli *cli, const struct cg_ca *ca, const struct cg_targets *targets);

#endif
