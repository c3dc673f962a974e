/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What lint's rules see: one object with its parts taken apart once. The struct cg_lint_objects owns its objects and what
 * they point to, but not the names of files. Included by lint*.c, and by inspect and import, which look at the same
 * parts. */
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
    const char *file; /* borrowed; "" when it has none */
    int64_t now;
    EVP_PKEY *key; /* the certificate's public key, or the private key; NULL: encrypted or of an unknown type */

    X509 *cert;
    unsigned char *der;
    size_t der_len;
    bool ca;      /* says that it is one, whatever its keyUsage, or has keyCertSign and says nothing */
    bool unclear; /* says nothing, and nothing here is issued by it: neither the rules of CAs fit nor those of others */
    bool self_issued, self_signed;
    bool times_ok; /* both can be read; else they are 0 */
    int64_t not_before, not_after;
    BASIC_CONSTRAINTS *bc; /* extensions: NULL where missing, repeated or malformed */
    ASN1_BIT_STRING *ku;
    EXTENDED_KEY_USAGE *eku;
    GENERAL_NAMES *san, *ian;
    ASN1_OCTET_STRING *ski; /* its own key, as aki names the issuer's */
    AUTHORITY_KEYID *aki;
    CERTIFICATEPOLICIES *policies;
    POLICY_MAPPINGS *mappings;
    NAME_CONSTRAINTS *nc;
    POLICY_CONSTRAINTS *pcons;
    CRL_DIST_POINTS *points;
    uint32_t key_usage;                  /* KU_*, of ku */
    bool server, client, any_purpose;    /* by EKU */
    const struct cg_lint_object *issuer; /* of those that were read the one that lives longest; NULL: none, or itself */

    X509_CRL *crl;

    mode_t mode;                        /* of a key's file */
    bool encrypted;                     /* the key needs a passphrase */
    bool old_cipher;                    /* the "Proc-Type: 4,ENCRYPTED" form: one round of MD5 */
    const struct cg_lint_object *owner; /* the certificate of this key, where it was read too */
};

struct cg_lint_objects {
    struct cg_lint_object *item;
    size_t count;
    size_t limit; /* of count; 0: ten thousand, which the rules that compare two can walk in seconds */
};

/* Fills in the parts of o->cert; false without memory. */
bool cg_lint_read_facts(struct cg_lint_object *o);
void cg_lint_free_facts(struct cg_lint_object *o);
bool cg_lint_has(const struct cg_lint_object *o, int nid); /* readable or not */
bool cg_lint_is_critical(const struct cg_lint_object *o, int nid);

/* "certificate CN=dev1", "private key", "CRL of CN=CA" */
void cg_lint_object_text(const struct cg_lint_object *o, char *out, size_t size);

#endif
