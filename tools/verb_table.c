/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "verb_table.h"

#include "verbs/verbs.h"

#include <stddef.h>

/* clang-format off */
const struct cg_verb *const cg_verbs[] = {
    &cg_verb_init,
    &cg_verb_import,
    &cg_verb_issue,
    &cg_verb_sign,
    &cg_verb_renew,
    &cg_verb_rotate,
    &cg_verb_deploy,
    &cg_verb_revoke,
    &cg_verb_crl,
    &cg_verb_list,
    &cg_verb_backup,
    &cg_verb_install_units,
    &cg_verb_check,
    &cg_verb_lint,
    &cg_verb_inspect,
    &cg_verb_needs_renewal,
    &cg_verb_log,
    &cg_verb_report,
    &cg_verb_status,
    &cg_verb_doctor,
    NULL,
};
/* clang-format on */
