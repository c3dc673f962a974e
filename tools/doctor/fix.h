/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What doctor mends by itself: lines of mosquitto.conf and modes of the broker's private keys, and only where it can be
 * seen that the same clients come in before and after, and that the broker still reads its key. A fix is planned whole, shown as a diff, and then made: a file is replaced atomically, and
 * what it held is kept beside it. The verb owns the plan. */
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
    bool
        user_unknown; /* modes stay as they are: another user may start the broker than the one whom they would let in */
};

/* Changes nothing. The findings' doctor outlives the plan. */
bool cg_fix_plan(struct cg_fix *fix, const struct cg_doctor *d, struct cg_error *err);
void cg_fix_clear(struct cg_fix *fix);

void cg_fix_show(const struct cg_cli *cli, const struct cg_fix *fix);

/* Old texts go to FILE.before-TIME. A fault leaves what was done until then. */
bool cg_fix_apply(const struct cg_cli *cli, const struct cg_fix *fix, struct cg_error *err);

#endif
