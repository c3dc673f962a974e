/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Certificate signing requests (PKCS#10, RFC 2986) made by devices: read and verified.
 * The caller owns what is returned. Called by certify and the verbs. */
#ifndef CG_CA_CSR_H
#define CG_CA_CSR_H

#include "core/base/error.h"

#include <openssl/x509v3.h>
#include <stdbool.h>

/* PEM; its signature proves that its maker has the key. */
X509_REQ *cg_csr_load(const char *path, struct cg_error *err);

/* Its SANs, each checked like --san; an empty list if it has none; NULL with the reason. */
GENERAL_NAMES *cg_csr_names(X509_REQ *csr, struct cg_error *err);

bool cg_csr_common_name(const char *path, char *out, size_t size, struct cg_error *err);

#endif
