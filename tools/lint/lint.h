/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Lint: finds what RFC 5280 forbids, or practice advises against, in certificates, CRLs and private keys. Every rule is a
 * row of a const table. Lint looks at files alone, without trust anchors and without a policy; cg_check gives the verdict
 * on a chain. The caller owns the struct cg_lint. Called by the verbs lint and inspect, by doctor and import, and by the
 * CA before it writes a certificate. */
#ifndef CG_LINT_H
#define CG_LINT_H

#include "base/finding.h"
#include "base/progress.h"
#include "core/base/error.h"
#include "object.h"

struct cg_lint_finding {
    const struct cg_rule_row *row;
    size_t number;    /* of the object, from 0 */
    const char *file; /* borrowed from the struct cg_lint; "" if the object is not from a file */
    char object[128]; /* "certificate CN=dev1", "private key", "CRL of CN=CA" */
    char detail[192]; /* what was found, escaped; may be "" */
};

struct cg_lint; /* the objects that were read, and the findings */

struct cg_lint *cg_lint_new(int64_t now); /* NULL if memory runs out */
void cg_lint_free(struct cg_lint *lint);

/* The rules then report how many objects they have checked. Borrowed. */
void cg_lint_watch(struct cg_lint *lint, struct cg_progress *progress);

/* Reads a file (PEM with any mix of objects, or one DER object), or every file in a folder. False and *err if the file
 * cannot be read or contains none of these objects. In a folder, such files are skipped; one object is enough. */
bool cg_lint_add_path(struct cg_lint *lint, const char *path, struct cg_error *err);

/* Adds an object that is not in a file yet. It is referenced, not copied. */
bool cg_lint_add_certificate(struct cg_lint *lint, X509 *cert);
bool cg_lint_add_crl(struct cg_lint *lint, X509_CRL *crl);

/* Runs all rules on all objects, including those that compare two objects. False if memory runs out: the findings are
 * then incomplete. */
bool cg_lint_run(struct cg_lint *lint);

/* In the order of the files; borrowed. */
size_t cg_lint_count(const struct cg_lint *lint);
const struct cg_lint_finding *cg_lint_finding(const struct cg_lint *lint, size_t index);
struct cg_found cg_lint_found(const struct cg_lint_finding *finding); /* for output */

/* The decoded objects; borrowed. NULL past the end. */
size_t cg_lint_objects(const struct cg_lint *lint);
const struct cg_lint_object *cg_lint_object(const struct cg_lint *lint, size_t number);

/* A row of all tables; NULL past the end. */
const struct cg_rule_row *cg_lint_row(size_t index);

#endif
