/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Reads files into objects: PEM with any mix of certificates, CRLs and keys, or one DER object. File names are borrowed.
 * Called by lint.c and import. */
#ifndef CG_LINT_READ_H
#define CG_LINT_READ_H

#include "core/base/error.h"
#include "object.h"

bool cg_lint_objects_certificate(struct cg_lint_objects *objects, const char *file, int64_t now, X509 *cert);
bool cg_lint_objects_crl(struct cg_lint_objects *objects, const char *file, int64_t now, X509_CRL *crl);
/* A private key in a token. file is its URI. Takes ownership of the key, also on failure. */
bool cg_lint_objects_key(struct cg_lint_objects *objects, const char *file, int64_t now, EVP_PKEY *key);
bool cg_lint_objects_read(struct cg_lint_objects *objects, const char *file, int64_t now, struct cg_error *err);
void cg_lint_objects_free(struct cg_lint_objects *objects);

#endif
