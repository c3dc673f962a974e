/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "crl_numbers.h"

#include "core/cert/name.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

/* Names that compare equal have the same hash. A CA that uses one key under two names with the same hash gets one row
 * for both. */
static bool identify(const struct cg_crl *crl, bool is_delta, unsigned char id[2 * CG_NUMBERS_DIGEST])
{
    unsigned char head[8] = {0};
    int known = 0;
    unsigned long name = X509_NAME_hash_ex(crl->issuer, NULL, NULL, &known);
    bool ok = known && cg_spki_sha256(crl->signer.cert, id);
    for (int i = 0; i < 4; i++)
        head[i] = (unsigned char)(name >> (8 * i));
    head[4] = is_delta;
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    ok = ok && digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1 &&
         EVP_DigestUpdate(digest, head, sizeof head) == 1 &&
         (crl->scope_len == 0 || EVP_DigestUpdate(digest, crl->scope_der, crl->scope_len) == 1) &&
         EVP_DigestFinal_ex(digest, id + CG_NUMBERS_DIGEST, NULL) == 1;
    EVP_MD_CTX_free(digest);
    return ok;
}

bool cg_crl_numbers_raise(struct cg_crl_numbers *numbers, const struct cg_crl *crl)
{
    struct cg_numbers_row row = {.has_number = crl->has_number, .in_use = true, .this_update = crl->this_update};
    memcpy(row.number, crl->number, sizeof row.number);
    cg_name_text(crl->issuer, row.issuer, sizeof row.issuer);
    return identify(crl, crl->is_delta, row.id) && cg_numbers_put(numbers, &row);
}

/* "number 1f of 2026-01-02T03:04:05Z" */
static void version_text(const unsigned char *number, int64_t this_update, char *out, size_t size)
{
    char hex[2 * CG_SERIAL_MAX + 1], time[32];
    cg_crl_number_hex(number, hex, sizeof hex);
    cg_time_text(this_update, time, sizeof time);
    snprintf(out, size, "%s%s of %s", number ? "number " : "the CRL", hex, time);
}

enum cg_crl_age cg_crl_numbers_check(const struct cg_crl_numbers *numbers, const struct cg_crl *crl,
                                     struct cg_error *err)
{
    unsigned char id[2 * CG_NUMBERS_DIGEST];
    char low[96], high[96], hex[2 * CG_SERIAL_MAX + 1];
    if (!identify(crl, crl->is_delta, id))
        return CG_CRL_AGE_UNKNOWN;
    const struct cg_numbers_row *row = numbers ? cg_numbers_find(numbers, id) : NULL;
    const unsigned char *number = crl->has_number ? crl->number : NULL;
    const unsigned char *highest = row && row->has_number ? row->number : NULL;
    if (!row || cg_crl_compare_age(number, crl->this_update, highest, row->this_update) >= 0)
        return CG_CRL_NOT_OLDER;
    version_text(number, crl->this_update, low, sizeof low);
    version_text(highest, row->this_update, high, sizeof high);
    cg_crl_number_hex(highest, hex, sizeof hex);
    if (!highest)
        cg_error_set(err, "CRL of %s: %s is older than %s, the newest that was in use. Replace it with the newest CRL",
                     crl->issuer_text, low, high);
    else
        cg_error_set(err,
                     "CRL of %s: %s is older than %s, the highest that was in use (RFC 5280 5.2.3). Replace it with "
                     "the newest CRL. If the CA was restored from a backup, revoke again what was revoked since then, "
                     "and run `certguard crl --above %s`",
                     crl->issuer_text, low, high, hex);
    return CG_CRL_OLDER;
}

enum cg_crl_age cg_crl_numbers_check_base(const struct cg_crl_numbers *numbers, const struct cg_crl *crl,
                                          struct cg_error *err)
{
    unsigned char id[2 * CG_NUMBERS_DIGEST];
    char low[96], high[96];
    if (crl->is_delta || !numbers)
        return CG_CRL_NOT_OLDER;
    if (!identify(crl, true, id))
        return CG_CRL_AGE_UNKNOWN;
    const struct cg_numbers_row *row = cg_numbers_find(numbers, id);
    const unsigned char *number = crl->has_number ? crl->number : NULL;
    if (!row || !row->has_number || cg_crl_compare_age(number, crl->this_update, row->number, row->this_update) >= 0)
        return CG_CRL_NOT_OLDER;
    version_text(number, crl->this_update, low, sizeof low);
    version_text(row->number, row->this_update, high, sizeof high);
    cg_error_set(err,
                 "CRL of %s: %s lacks the delta CRL that was in use with it: %s (RFC 5280 5.2.4). Add the newest delta "
                 "CRL, or replace the CRL with a newer complete one",
                 crl->issuer_text, low, high);
    return CG_CRL_OLDER;
}

bool cg_crl_numbers_has_issuer(const struct cg_crl_numbers *numbers, const X509 *issuer, struct cg_error *err)
{
    unsigned char key[CG_NUMBERS_DIGEST];
    char high[96];
    if (!numbers)
        return false;
    if (!cg_spki_sha256(issuer, key)) {
        cg_error_set(err, "CRLs: out of memory");
        return true;
    }
    const struct cg_numbers_row *row = cg_numbers_find_key(numbers, key);
    if (!row)
        return false;
    version_text(row->has_number ? row->number : NULL, row->this_update, high, sizeof high);
    cg_error_set(err,
                 "CRL of %s: %s was in use, but now no file contains a CRL of that CA. Add its newest CRL, or remove "
                 "the CA from the trust files too",
                 row->issuer, high);
    return true;
}
