/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Lint: what a file holds that RFC 5280 forbids or that practice advises against. Every rule is a row of a const
 * table: when it holds, how bad it is, what the standard says, and the fix. It judges files alone, without trust or
 * policy; the verdict on a chain is cg_check's.
 * The caller owns the struct cg_lint and frees it. Called by the verbs lint, inspect and by issuing, before it writes. */
#ifndef CG_LINT_H
#define CG_LINT_H

#include "base/finding.h"
#include "core/base/error.h"
#include "object.h"

struct cg_lint_finding {
    const struct cg_rule_row *row;
    size_t number;    /* of the object, from 0 */
    const char *file; /* borrowed from the lint; "" for an object that came without a file */
    char object[128]; /* "certificate CN=dev1", "private key", "CRL of CN=CA" */
    char detail[192]; /* what was found, escaped; may be "" */
};

struct cg_lint; /* files and objects that were read, findings */

struct cg_lint *cg_lint_new(int64_t now); /* NULL without memory */
void cg_lint_free(struct cg_lint *lint);

/* Reads a file (PEM with any mix of objects, or one DER object) or every file of a folder. False and *err when it
 * cannot be read or holds nothing that lint knows; nothing is added then. In a folder other files are passed over. */
bool cg_lint_add_path(struct cg_lint *lint, const char *path, struct cg_error *err);

/* Objects that are in no file yet; referenced, not copied. */
bool cg_lint_add_certificate(struct cg_lint *lint, X509 *cert);
bool cg_lint_add_crl(struct cg_lint *lint, X509_CRL *crl);

/* Runs all rules over all objects, then those that compare them (serials that count up, a CA key beside the broker's).
 * False without memory: then the findings are not complete. */
bool cg_lint_run(struct cg_lint *lint);

/* In the order of the files; borrowed. */
size_t cg_lint_count(const struct cg_lint *lint);
const struct cg_lint_finding *cg_lint_finding(const struct cg_lint *lint, size_t index);
size_t cg_lint_objects(const struct cg_lint *lint);

/* What was read, taken apart; borrowed. */
const struct cg_lint_object *cg_lint_object(const struct cg_lint *lint, size_t number);

/* The table, for docs and tests. NULL past the end. */
const struct cg_rule_row *cg_lint_row(size_t index);

#endif
