/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Making one certificate in live/NAME: a new key or a request's, its names, and optionally a PKCS#12 file.
 * The caller owns the structs; the strings of a request are borrowed. Called by issue and sign. */
#ifndef CG_CA_CERTIFY_H
#define CG_CA_CERTIFY_H

#include "issue.h"
#include "names.h"

struct cg_certify_request {
    const struct cg_ca_profile *profile;
    const char *name;
    struct cg_subject subject; /* common_name NULL: name */
    const char *key_type;      /* of a new key, of CG_KEY_TYPES; NULL: p256 */
    X509_REQ *csr;             /* its key is certified; NULL: a new key. Borrowed */
    bool accept_names;         /* adds the SANs of csr */
    bool both_purposes;
    const char *const *san; /* as on the command line: "dns:broker.lan" */
    size_t nsan;            /* without any SAN: one made of the name */
    struct cg_certificate_policy policy;
    int64_t lifetime;                   /* s; 0: the profile's */
    const char *p12, *p12_passphrase;   /* file; NULL: none. Not with csr */
    const struct cg_settings *settings; /* written in the same change; NULL: they did not change */
};

struct cg_certified {
    struct cg_issue_request issue; /* borrows from the request and from here */
    struct cg_issued issued;
    EVP_PKEY *key;
    GENERAL_NAMES *names;
    X509_NAME *subject;
};

/* RFC 5280 4.2.1.4. */
bool cg_certificate_policy_ok(const struct cg_certificate_policy *policy, struct cg_error *err);

/* The settings for what the request leaves open: organization, key type, lifetime. Their texts are borrowed. */
void cg_certify_defaults(struct cg_certify_request *wanted, const struct cg_settings *settings);

/* Makes key, names, subject and the issue request, without the issuer. Clear certified in every case. */
bool cg_certify_prepare(const struct cg_certify_request *wanted, struct cg_certified *certified, struct cg_error *err);

/* Makes and, except in a dry run, writes it. Fails while the name has a valid certificate. */
bool cg_certify(const struct cg_issuer *issuer, const struct cg_certify_request *wanted, struct cg_certified *certified,
                struct cg_error *err);
void cg_certified_clear(struct cg_certified *certified);

#endif
