/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* renew --from: a device renews its own certificate. Nothing is owned. Called by the verb renew. */
#ifndef CG_VERBS_RENEW_FROM_H
#define CG_VERBS_RENEW_FROM_H

#include "cli/cli.h"

struct cg_renew_from {
    const char *host, *id, *username, *password_file, *hook;
    struct cg_number timeout;
};

/* The argument is the folder. Returns the exit code. */
int cg_renew_from_run(const struct cg_cli *cli, const struct cg_renew_from *from, bool only_due);

/* Any of the options was given. */
bool cg_renew_from_given(const struct cg_renew_from *from);

#endif
