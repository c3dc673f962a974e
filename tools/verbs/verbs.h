/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The verbs, each defined in its own file, and the headers that all of them use. */
#ifndef CG_VERBS_H
#define CG_VERBS_H

#include "cli/cli.h"
#include "cli/output.h"

/* The offset of a field in the struct options of a verb, for its table of options. */
#define AT(field) offsetof(struct options, field)

/* Every verb, in the order of the help. */
/* clang-format off */
#define CG_VERBS(ROW) \
    ROW(init) ROW(import) ROW(issue) ROW(sign) ROW(renew) ROW(requests) ROW(rotate) ROW(deploy) ROW(revoke) ROW(crl) ROW(config) ROW(passwd) \
    ROW(list) ROW(show) ROW(prune) ROW(export) ROW(backup) ROW(restore) ROW(install_units) ROW(check) ROW(lint) ROW(inspect) \
    ROW(needs_renewal) ROW(log) ROW(report) ROW(status) ROW(doctor) ROW(help) ROW(version)
/* clang-format on */

#define CG_VERB_DECLARED(name) extern const struct cg_verb cg_verb_##name;
CG_VERBS(CG_VERB_DECLARED)

#endif
