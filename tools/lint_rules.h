/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What lint's rules see: one object with its parts taken apart once, and the shape of a rule.
 * Objects are owned by the struct cg_lint (lint.c). Included by lint*.c and inspect, which shows
 * the same parts. */
#ifndef CG_LINT_RULES_H
#define CG_LINT_RULES_H

#include "lint.h"

#include <openssl/x509v3.h>
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

/* The usual cures: of an end entity, of any certificate, of a CA, which with a new key would shut out all that it issued. */
#define CG_AGAIN     "Issue it again, or with: certguard issue"
#define CG_AGAIN_ANY "Issue it again with the same name and key; or, where it is no CA, with: certguard issue"
#define CG_CA_AGAIN                                                                                                    \
    "Issue the CA certificate again with the same name and key; or make a new CA (certguard init) and trust it "       \
    "beside this one until all certificates are of the new one."
/* After a cure that changes the name or the key. */
#define CG_NEW_CA                                                                                                      \
    " A CA with another name or key is a new CA: trust it beside this one until all certificates are of the new one."

enum cg_lint_scope { CG_SCOPE_ALL = 0, CG_SCOPE_CA, CG_SCOPE_LEAF };

struct cg_lint_rule {
    struct cg_lint_row row;
    enum cg_lint_scope scope; /* of certificates */
    /* true: the row applies; detail is "" before, and may stay so */
    bool (*found)(const struct cg_lint_object *o, char *detail, size_t size);
};

struct cg_lint_rules {
    enum cg_lint_kind kind;
    const struct cg_lint_rule *rule;
    size_t count;
};

extern const struct cg_lint_rules cg_lint_cert_rules;       /* lint_cert.c: version, serial, times, signature */
extern const struct cg_lint_rules cg_lint_pkey_rules;       /* lint_key.c: the public key of a certificate */
extern const struct cg_lint_rules cg_lint_name_rules;       /* lint_name.c: subject and issuer */
extern const struct cg_lint_rules cg_lint_san_rules;        /* lint_san.c */
extern const struct cg_lint_rules cg_lint_ext_rules;        /* lint_ext.c: the other extensions */
extern const struct cg_lint_rules cg_lint_use_rules;        /* lint_use.c: what a key may do */
extern const struct cg_lint_rules cg_lint_der_rules;        /* lint_der.c: how all that is encoded */
extern const struct cg_lint_rules cg_lint_cps_rules;        /* lint_cps.c: certificatePolicies and policyMappings */
extern const struct cg_lint_rules cg_lint_constraint_rules; /* lint_constraints.c */
extern const struct cg_lint_rules cg_lint_crl_rules;        /* lint_crl.c */
extern const struct cg_lint_rules cg_lint_key_rules;        /* lint_key.c: private keys in files */

/* Rules that compare two objects: a is the one reported. */
struct cg_lint_pair_rule {
    struct cg_lint_row row;
    bool (*found)(const struct cg_lint_object *a, const struct cg_lint_object *b, char *detail, size_t size);
};
extern const struct cg_lint_pair_rule cg_lint_pair_rules[]; /* lint_pair.c */
extern const size_t cg_lint_pair_rules_count;

struct cg_lint_objects {
    struct cg_lint_object *item;
    size_t count;
    size_t limit; /* of count; 0: ten thousand, which the rules that compare two can walk in seconds */
};
size_t cg_lint_objects_limit(const struct cg_lint_objects *objects);

/* lint_facts.c: fills in the parts of o->cert; false without memory. */
bool cg_lint_take_facts(struct cg_lint_object *o);
void cg_lint_free_facts(struct cg_lint_object *o);
bool cg_lint_has(const struct cg_lint_object *o, int nid); /* readable or not */
bool cg_lint_is_critical(const struct cg_lint_object *o, int nid);

/* lint_kin.c. find_kin sets owners and issuers; before any rule runs, after the last object was added. */
void cg_lint_find_kin(struct cg_lint_objects *objects);
bool cg_lint_is_issuer(const struct cg_lint_object *issuer, const struct cg_lint_object *cert);
bool cg_lint_same_issuer(const struct cg_lint_object *a, const struct cg_lint_object *b);
bool cg_lint_names_host(const struct cg_lint_object *o, const char *host); /* lint_san.c: among its SANs */
bool cg_lint_looks_self_signed(const struct cg_lint_object *o); /* by names and key identifiers, as verifiers guess */
const char *cg_lint_file_name(const char *file);
bool cg_lint_same_folder(const char *a, const char *b);

/* lint_read.c; file is borrowed */
bool cg_lint_objects_certificate(struct cg_lint_objects *objects, const char *file, int64_t now, X509 *cert);
bool cg_lint_objects_crl(struct cg_lint_objects *objects, const char *file, int64_t now, X509_CRL *crl);
/* A private key that is in no file here; file is its URI; takes the key. */
bool cg_lint_objects_key(struct cg_lint_objects *objects, const char *file, int64_t now, EVP_PKEY *key);
bool cg_lint_objects_read(struct cg_lint_objects *objects, const char *file, int64_t now, struct cg_error *err);
void cg_lint_objects_free(struct cg_lint_objects *objects);

/* "certificate CN=dev1", "private key", "CRL of CN=CA" */
void cg_lint_object_text(const struct cg_lint_object *o, char *out, size_t size);

#endif
