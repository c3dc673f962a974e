/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A certificate, CRL or private key, decoded once for all rules. The struct cg_lint_objects owns its objects and what
 * they point to, but not the file names. Included by lint, and by inspect and import, which need the same facts. */
#ifndef CG_LINT_OBJECT_H
#define CG_LINT_OBJECT_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum cg_lint_kind { CG_LINT_CERTIFICATE = 0, CG_LINT_CRL, CG_LINT_KEY };

struct cg_lint_object {
    enum cg_lint_kind kind;
    const char *file; /* borrowed; "" if the object is not from a file */
    int64_t now;
    EVP_PKEY *key; /* the public key of a certificate, or the private key; NULL: encrypted or of an unknown type */

    X509 *cert;
    unsigned char *der;
    size_t der_len;
    bool ca;      /* by basicConstraints; without them by keyCertSign in keyUsage, or by Netscape's certificate type */
    bool unclear; /* may be a CA or not, and issued no other object here: rules for CAs and for leaves do not apply */
    bool self_issued, self_signed;
    bool times_ok;                 /* of a certificate: both times can be read; else they are 0 */
    int64_t not_before, not_after; /* of a CRL: thisUpdate and nextUpdate, or CG_TIME_NONE */
    BASIC_CONSTRAINTS *bc;         /* the extensions; NULL if missing, repeated or malformed */
    ASN1_BIT_STRING *ku;
    EXTENDED_KEY_USAGE *eku;
    GENERAL_NAMES *san, *ian;
    ASN1_OCTET_STRING *ski;
    AUTHORITY_KEYID *aki;
    CERTIFICATEPOLICIES *policies;
    POLICY_MAPPINGS *mappings;
    NAME_CONSTRAINTS *nc;
    POLICY_CONSTRAINTS *pcons;
    CRL_DIST_POINTS *points;
    uint32_t key_usage;               /* KU_*, from ku */
    bool server, client, any_purpose; /* from eku */
    const struct cg_lint_object
        *issuer; /* among these objects; of several, the one that ends last. NULL: none, or self */

    X509_CRL *crl;

    mode_t mode;                        /* of the key's file */
    bool encrypted;                     /* the key needs a passphrase */
    bool old_cipher;                    /* encrypted as "Proc-Type: 4,ENCRYPTED": one round of MD5 */
    const struct cg_lint_object *owner; /* the certificate of this key, among these objects; NULL: none */
};

struct cg_lint_objects {
    struct cg_lint_object *item;
    size_t count;
    size_t limit; /* of count, set by the owner */
};

/* Decodes o->cert. False if memory runs out. */
bool cg_lint_read_facts(struct cg_lint_object *o);
void cg_lint_free_facts(struct cg_lint_object *o);

/* An extension of a certificate or CRL, even if it is malformed; a critical extension of a certificate. */
bool cg_lint_has(const struct cg_lint_object *o, int nid);
bool cg_lint_is_critical(const struct cg_lint_object *o, int nid);

bool cg_lint_is_weak_digest(int nid);                   /* can be forged */
int cg_lint_count_characters(const ASN1_STRING *value); /* negative if it is not of its type */

/* "certificate CN=dev1", "private key", "CRL of CN=CA" */
void cg_lint_object_text(const struct cg_lint_object *o, char *out, size_t size);

#endif
