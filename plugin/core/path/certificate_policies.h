/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Certificate policies (RFC 5280 6.1): the initial inputs for OpenSSL, and the result for paths that OpenSSL must
 * not check. Owns nothing; called by verify.c. */
#ifndef CG_CERTIFICATE_POLICIES_H
#define CG_CERTIFICATE_POLICIES_H

#include "core/policy/policy.h"

#include <openssl/x509_vfy.h>

/* Adds the inputs to *flags and to param. False: out of memory. */
bool cg_policies_set(X509_VERIFY_PARAM *param, unsigned long *flags, const STACK_OF(X509) *path,
                     const struct cg_profile *profile);

/* OpenSSL 3.0 leaks memory in each handshake if a certificate has policyConstraints but no valid certificatePolicies
 * (absent, empty or with a duplicate), and treats empty ones as absent. Such a path never has a valid_policy_tree
 * (6.1.3 (e)), so the result only depends on whether one is required: X509_V_OK, X509_V_ERR_NO_EXPLICIT_POLICY or
 * X509_V_ERR_INVALID_POLICY_EXTENSION. */
bool cg_policies_openssl_may_try(const STACK_OF(X509) *path);
int cg_policies_without_tree(const STACK_OF(X509) *path, const struct cg_profile *profile);

#endif
