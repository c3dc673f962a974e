/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "pki_maker.h"
#include "pki_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_reason(const struct recipe *recipe, X509_REVOKED *entry, const char *text)
{
    static const char *const reasons[] = {
        "unspecified",   "keyCompromise",        "CACompromise",    "affiliationChanged",
        "superseded",    "cessationOfOperation", "certificateHold", "",
        "removeFromCRL", "privilegeWithdrawn",   "AACompromise"};
    for (long i = 0; i < (long)(sizeof reasons / sizeof *reasons); i++) {
        if (strcmp(text, reasons[i]) != 0)
            continue;
        ASN1_ENUMERATED *code = ASN1_ENUMERATED_new();
        ASN1_ENUMERATED_set(code, i);
        X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, code, 0, 0);
        ASN1_ENUMERATED_free(code);
        return;
    }
    pki_die(recipe, "unknown reason", text);
}

/* NAME or 0xSERIAL, then :reason */
static void add_revoked(const struct recipe *recipe, const struct cg_pki *pki, X509_CRL *crl, char *item, int64_t at)
{
    char *reason = strchr(item, ':');
    if (reason)
        *reason++ = '\0';
    ASN1_INTEGER *serial = strncmp(item, "0x", 2) == 0
                               ? value_integer(recipe, item)
                               : ASN1_INTEGER_dup(X509_get0_serialNumber(cg_pki_cert(pki, item)));
    ASN1_TIME *when = value_time(at);
    X509_REVOKED *entry = X509_REVOKED_new();
    if (!X509_REVOKED_set_serialNumber(entry, serial) || !X509_REVOKED_set_revocationDate(entry, when))
        pki_die(recipe, "revoke", item);
    if (reason)
        add_reason(recipe, entry, reason);
    X509_CRL_add0_revoked(crl, entry);
    ASN1_INTEGER_free(serial);
    ASN1_TIME_free(when);
}

static void add_number(struct recipe *recipe, X509_CRL *crl, const char *word, int nid, int critical, const char *other)
{
    const char *text = recipe_get(recipe, word, other);
    if (strcmp(text, "none") == 0)
        return;
    ASN1_INTEGER *number = value_integer(recipe, text);
    if (!X509_CRL_add1_ext_i2d(crl, nid, number, critical, X509V3_ADD_APPEND))
        pki_die(recipe, word, text);
    ASN1_INTEGER_free(number);
}

static void add(X509_CRL *crl, X509_EXTENSION *extension)
{
    if (extension)
        X509_CRL_add_ext(crl, extension, -1);
    X509_EXTENSION_free(extension);
}

static void add_crl_extensions(struct recipe *recipe, X509_CRL *crl, const X509 *issuer)
{
    add_number(recipe, crl, "number", NID_crl_number, 0, "1");
    add_number(recipe, crl, "delta", NID_delta_crl, 1, "none");
    add(crl, extension_aki(recipe, issuer, NULL));
    const char *idp = recipe_get(recipe, "idp", NULL);
    if (idp)
        add(crl, extension_conf(recipe, NID_issuing_distribution_point, idp));
    size_t at = 0;
    for (const char *value; (value = recipe_next(recipe, "ext", &at));)
        add(crl, extension_raw(recipe, value));
}

static void add_revocations(struct recipe *recipe, const struct cg_pki *pki, X509_CRL *crl, int64_t at)
{
    char *list = strdup(recipe_get(recipe, "revoke", "")), *rest = list;
    for (char *item; (item = strtok_r(rest, ",", &rest));)
        add_revoked(recipe, pki, crl, item, at);
    free(list);
    X509_CRL_sort(crl);
}

X509_CRL *crl_make(struct recipe *recipe, const struct cg_pki *pki, int64_t now)
{
    const char *issuer_name = recipe_get(recipe, "issuer", "root");
    const X509 *issuer = cg_pki_cert(pki, issuer_name);
    EVP_PKEY *key = cg_pki_key(pki, recipe_get(recipe, "signer", issuer_name));
    int64_t from, to;
    value_times(recipe, now, "-1..7", &from, &to);

    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *this_update = value_time(from), *next_update = value_time(to);
    int version = atoi(recipe_get(recipe, "version", "2"));
    if (version > 1)
        X509_CRL_set_version(crl, version - 1);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer));
    X509_CRL_set1_lastUpdate(crl, this_update);
    if (!recipe_has(recipe, "no-next-update"))
        X509_CRL_set1_nextUpdate(crl, next_update);
    add_revocations(recipe, pki, crl, from);
    if (version > 1)
        add_crl_extensions(recipe, crl, issuer);
    if (!X509_CRL_sign(crl, key, value_digest(recipe, key)))
        pki_die(recipe, "cannot sign", issuer_name);
    if (recipe_has(recipe, "broken-signature")) {
        const ASN1_BIT_STRING *signature;
        X509_CRL_get0_signature(crl, &signature, NULL);
        pki_break_signature(signature);
    }
    ASN1_TIME_free(this_update);
    ASN1_TIME_free(next_update);
    return crl;
}
