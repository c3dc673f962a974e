/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What issue and sign share: from the options of the command line to one certificate in live/NAME.
 * Strings are borrowed from the command line. Called by verb_issue and verb_sign. */
#ifndef CG_TOOLS_CA_OPTIONS_ISSUE_OPTIONS_H
#define CG_TOOLS_CA_OPTIONS_ISSUE_OPTIONS_H

#include "ca/sign.h"
#include "cli/cli.h"
#include "store/target.h"

struct cg_issue_options {
    const struct cg_ca_profile *profile;
    const char *name, *as, *key_type, *csr, *common_name, *organization, *unit, *country;
    const char *policy_oid, *cps, *policy_text, *batch;
    const char *p12, *p12_passphrase_file;
    struct cg_deploy_options place; /* deployed there in the same run */
    struct cg_list san;
    struct cg_number lifetime;
    bool accept_names, both_purposes;
};

struct cg_certificate_policy cg_issue_options_policy(const struct cg_issue_options *options); /* as it was typed */

int cg_issue_options_run(const struct cg_cli *cli, const struct cg_issue_options *options); /* returns the exit code */

#endif
