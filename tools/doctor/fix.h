/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Plans and makes the changes of doctor --fix: lines of mosquitto.conf, and modes of the broker's private keys. A change
 * is made only if it is certain that the same clients can connect afterwards and that the broker can still read its key.
 * The whole plan is shown as a diff first. Files are replaced atomically, and their old contents are kept
 * beside them. Called by the verb doctor, which owns the plan. */
#ifndef CG_DOCTOR_FIX_H
#define CG_DOCTOR_FIX_H

#include "cli/cli.h"
#include "context.h"

struct cg_fix_file; /* a configuration file with its old and new text */
struct cg_fix_mode; /* a private key with its old and new mode */

struct cg_fix {
    struct cg_fix_file *file;
    size_t nfiles;
    struct cg_fix_mode *mode;
    size_t nmodes;
    bool user_unknown; /* modes are not changed, because another user than d->user may start the broker */
};

/* Changes nothing. d must outlive the plan. */
bool cg_fix_plan(struct cg_fix *fix, const struct cg_doctor *d, struct cg_error *err);
void cg_fix_clear(struct cg_fix *fix);

bool cg_fix_show(const struct cg_cli *cli, const struct cg_fix *fix, struct cg_error *err);

/* Keeps old texts in FILE.before-TIME. After an error, the changes made before it remain. */
bool cg_fix_apply(const struct cg_cli *cli, const struct cg_fix *fix, struct cg_error *err);

#endif
