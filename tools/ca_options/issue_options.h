/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Issues one certificate into live/NAME from the options of the command line. Strings are borrowed from the command line.
 * Called by the verbs issue and sign. */
#ifndef CG_TOOLS_CA_OPTIONS_ISSUE_OPTIONS_H
#define CG_TOOLS_CA_OPTIONS_ISSUE_OPTIONS_H

#include "ca/certify.h"
#include "cli/cli.h"
#include "option_rows.h"
#include "store/target_options.h"

struct cg_issue_options {
    struct cg_certify_request request; /* without its SANs, CSR and passphrase, which the run adds */
    const char *as, *csr, *p12_passphrase_file;
    bool reuse_key;                 /* renewals of the name keep the key */
    struct cg_deploy_options place; /* deployed there in the same run */
    struct cg_list san, batch;
};

/* The check of a verb with these options. With batch, the names are in its file. */
bool cg_issue_options_check(const struct cg_issue_options *options, struct cg_error *err);
int cg_issue_options_run(const struct cg_cli *cli, const struct cg_issue_options *options); /* returns the exit code */

#endif
