/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Certificate policies (RFC 5280 6.1): the initial inputs for OpenSSL, and the answer for paths on which OpenSSL must not
 * be asked. Owns nothing; called by verify.c. */
#ifndef CG_CERTIFICATE_POLICIES_H
#define CG_CERTIFICATE_POLICIES_H

#include "core/policy/policy.h"

#include <openssl/x509_vfy.h>

/* Adds to *flags and to param. False: no memory. */
bool cg_policies_set(X509_VERIFY_PARAM *param, unsigned long *flags, const STACK_OF(X509) *path,
                     const struct cg_profile *profile);

/* OpenSSL 3.0 loses memory over a certificate that has policyConstraints and no sound certificatePolicies (absent, empty,
 * one twice), a little in each handshake; and it takes empty ones for absent. On such a path no valid_policy_tree can be
 * left (6.1.3 (e)), so all that counts is whether one is demanded: X509_V_OK, X509_V_ERR_NO_EXPLICIT_POLICY or X509_V_ERR_INVALID_POLICY_EXTENSION. */
bool cg_policies_openssl_may_try(const STACK_OF(X509) *path);
int cg_policies_without_tree(const STACK_OF(X509) *path, const struct cg_profile *profile);

#endif
