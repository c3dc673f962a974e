/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Which objects belong together: a key and its certificate, a certificate and its issuer. Called by lint.c and rules. */
#ifndef CG_TOOLS_LINT_RELATIONS_H
#define CG_TOOLS_LINT_RELATIONS_H

#include "object.h"

/* Sets owner, issuer and, for old roots, ca. Call it after the last object was added and before any rule runs. */
void cg_lint_relate(struct cg_lint_objects *objects);

bool cg_lint_same_key(const struct cg_lint_object *a, const struct cg_lint_object *b);
bool cg_lint_is_issuer(const struct cg_lint_object *issuer, const struct cg_lint_object *cert);
bool cg_lint_same_issuer(const struct cg_lint_object *a, const struct cg_lint_object *b);
bool cg_lint_looks_self_signed(
    const struct cg_lint_object *o); /* by names and key identifiers, as verifiers guess it */
bool cg_lint_same_folder(const char *a, const char *b);

#endif
