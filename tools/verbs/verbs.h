/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The verbs, each defined in its own file and listed in verb_table.c, and the headers that all of them use. */
#ifndef CG_VERBS_H
#define CG_VERBS_H

#include "cli/cli.h"
#include "cli/output.h"

extern const struct cg_verb cg_verb_check;
extern const struct cg_verb cg_verb_backup;
extern const struct cg_verb cg_verb_crl;
extern const struct cg_verb cg_verb_deploy;
extern const struct cg_verb cg_verb_doctor;
extern const struct cg_verb cg_verb_import;
extern const struct cg_verb cg_verb_init;
extern const struct cg_verb cg_verb_inspect;
extern const struct cg_verb cg_verb_install_units;
extern const struct cg_verb cg_verb_issue;
extern const struct cg_verb cg_verb_lint;
extern const struct cg_verb cg_verb_list;
extern const struct cg_verb cg_verb_log;
extern const struct cg_verb cg_verb_needs_renewal;
extern const struct cg_verb cg_verb_renew;
extern const struct cg_verb cg_verb_report;
extern const struct cg_verb cg_verb_revoke;
extern const struct cg_verb cg_verb_rotate;
extern const struct cg_verb cg_verb_sign;
extern const struct cg_verb cg_verb_status;

#endif
