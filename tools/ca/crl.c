/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "crl.h"
#include "base/failure.h"
#include "core/base/datetime.h"
#include "crl_der.h"
#include "key.h"
#include "settings.h"
#include "sign.h"
#include "store/clock.h"
#include "store/revoked.h"

#include <openssl/x509v3.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIFETIME      (7 * CG_DAY)   /* of the issuing CA's CRL */
#define ROOT_LIFETIME (365 * CG_DAY) /* of the CRL of a root above an intermediate: its key is offline */

static const char *number_file(const char *folder)
{
    return strcmp(folder, "root") == 0 ? "root/crlnumber" : "crlnumber";
}

static BIGNUM *first_number(struct cg_error *err)
{
    BIGNUM *number = BN_new();
    if (!number || !BN_one(number))
        cg_fail_memory(err);
    return number;
}

/* crlnumber contains the number of the next CRL, as in `openssl ca`; a new CA starts with 1. */
static BIGNUM *next_number(const struct cg_ca *ca, const char *folder, struct cg_error *err)
{
    char path[PATH_MAX];
    return cg_ca_has(ca, number_file(folder)) ? cg_crl_number_load(cg_ca_path(ca, path, "%s", number_file(folder)), err)
                                              : first_number(err);
}

static bool add_entries(struct cg_crl_der *crl, const struct cg_crl_write_request *request, size_t *count,
                        struct cg_error *err)
{
    struct cg_index_row row;
    bool ok = true;
    cg_index_rewind(request->index);
    while (ok && cg_index_next(request->index, &row, err)) {
        if (row.status != 'R' || row.expires + CG_KEEP_EXPIRED < request->now)
            continue;
        if (!(ok = cg_crl_der_add(crl, row.serial, row.revoked, row.reason)))
            cg_fail_openssl(err, "revoke", row.serial);
        ++*count;
    }
    return ok && !request->index->is_damaged;
}

/* A root has no index: its last CRL lists what it revoked. */
static bool copy_entries(struct cg_crl_der *crl, X509_CRL *last, size_t *count, struct cg_error *err)
{
    STACK_OF(X509_REVOKED) *entries = last ? X509_CRL_get_REVOKED(last) : NULL;
    bool ok = true;
    for (int i = 0; ok && i < sk_X509_REVOKED_num(entries); i++, ++*count)
        ok = cg_crl_der_copy(crl, sk_X509_REVOKED_value(entries, i));
    return ok || cg_fail_memory(err);
}

static int64_t usual_lifetime(const struct cg_crl_write_request *request, const X509_CRL *last)
{
    int64_t start = 0, end = 0;
    const bool keeps = request->keeps_lifetime && last && X509_CRL_get0_nextUpdate(last) &&
                       cg_time_seconds(X509_CRL_get0_lastUpdate(last), &start) &&
                       cg_time_seconds(X509_CRL_get0_nextUpdate(last), &end) && end - start > CG_BACKDATE;
    return keeps ? end - start - CG_BACKDATE : strcmp(request->folder, "root") == 0 ? ROOT_LIFETIME : LIFETIME;
}

/* *der: OPENSSL_malloc'ed */
static bool make(const struct cg_crl_write_request *request, const BIGNUM *number, X509_CRL *last,
                 struct cg_crl_made *made, unsigned char **der, int *len, struct cg_error *err)
{
    const int64_t usual = request->now + usual_lifetime(request, last);
    made->next_update = request->lifetime      ? request->now + request->lifetime
                        : usual < CG_TIME_LAST ? usual
                                               : CG_TIME_LAST;
    if (made->next_update > CG_TIME_LAST)
        return cg_fail_text(err, "cannot make the CRL: it would end after the year 9999. Choose a shorter lifetime");
    struct cg_crl_der crl = {0};
    const bool ok = (request->index ? add_entries(&crl, request, &made->entries, err)
                                    : copy_entries(&crl, last, &made->entries, err)) &&
                    (cg_crl_der_sign(&crl, request->issuer, request->key, number, request->now - CG_BACKDATE,
                                     made->next_update, der, len) ||
                     cg_fail_openssl(err, "sign", "the CRL"));
    cg_crl_der_free(&crl);
    return ok;
}

/* The last CRL of the other CA here, malloc'ed; "" if it never had one. Without it, brokers would refuse everyone. */
static char *last_of_other(const struct cg_ca *ca, const char *folder, struct cg_error *err)
{
    const bool other_is_root = strcmp(folder, "ca") == 0;
    const char *other = other_is_root ? "root" : "ca";
    if (!cg_ca_is_two_tier(ca))
        return strdup("");
    X509_CRL *last = cg_crl_last(ca, other, other_is_root ? ca->root : ca->cert);
    char *pem = last ? cg_crl_pem(last) : NULL;
    X509_CRL_free(last);
    if (!last && !cg_ca_has(ca, number_file(other)))
        return strdup("");
    if (!pem)
        cg_error_set(
            err,
            "cannot read %s/crl.pem, and without it brokers refuse everyone. Restore the file from a backup, or "
            "copy the crl.pem of a broker to its place. Nothing was changed",
            other);
    return pem;
}

/* crl.pem contains the CRL of every CA of the path: brokers check each certificate below the anchor. */
static bool put_bundle(struct cg_change *change, const struct cg_crl_write_request *request, const char *pem,
                       struct cg_error *err)
{
    char *all = NULL;
    char *other = request->other ? strdup(request->other) : last_of_other(change->ca, request->folder, err);
    int n = other ? asprintf(&all, "%s%s", pem, other) : -1;
    bool ok = n >= 0 && cg_change_put(change, "crl.pem", all, (size_t)n, 0644, err);
    if (n >= 0)
        free(all);
    free(other);
    return ok;
}

static bool put_files(struct cg_change *change, const struct cg_crl_write_request *request, const unsigned char *der,
                      int len, struct cg_crl_made *made, struct cg_error *err)
{
    char target[32];
    if (!(made->pem = cg_crl_der_pem(der, len)))
        return cg_fail_openssl(err, "write", "the CRL");
    snprintf(target, sizeof target, "%s/crl.pem", request->folder);
    return cg_change_put(change, target, made->pem, strlen(made->pem), 0644, err) &&
           put_bundle(change, request, made->pem, err) &&
           (strcmp(request->folder, "ca") != 0 || cg_change_put(change, "crl.der", der, (size_t)len, 0644, err));
}

/* "0A\n": an even number of digits, as openssl writes it */
bool cg_crl_put_next(struct cg_change *change, const char *folder, BIGNUM *number, struct cg_error *err)
{
    char line[64];
    char *hex = BN_add_word(number, 1) ? BN_bn2hex(number) : NULL;
    if (!hex)
        return cg_fail_memory(err);
    int n = snprintf(line, sizeof line, "%s\n", hex);
    OPENSSL_free(hex);
    return cg_change_put(change, number_file(folder), line, (size_t)n, 0644, err);
}

static bool raise_above(BIGNUM *number, const BIGNUM *other)
{
    return !other || BN_cmp(number, other) > 0 || (BN_copy(number, other) && BN_add_word(number, 1));
}

/* An unreadable crlnumber is ignored if the last CRL's number is known. */
static BIGNUM *start_number(const struct cg_change *change, const struct cg_crl_write_request *request, bool known,
                            struct cg_error *err)
{
    struct cg_error fault = {""};
    if (request->number)
        return BN_dup(request->number);
    BIGNUM *number = next_number(change->ca, request->folder, &fault);
    if (number || known)
        return number ? number : first_number(err);
    cg_error_set(
        err,
        "%s. The last CRL cannot be read either. Give the number that was used last: certguard -C %s crl --above "
        "NUMBER",
        fault.text, change->ca->word);
    return NULL;
}

/* crlnumber may be missing, or older than the brokers' CRL. */
static BIGNUM *number_of(const struct cg_change *change, const struct cg_crl_write_request *request,
                         const X509_CRL *last, struct cg_error *err)
{
    BIGNUM *used = cg_crl_number(last);
    BIGNUM *number = start_number(change, request, used || request->above, err);
    const bool raised = number && raise_above(number, request->above) && raise_above(number, used);
    BN_free(used);
    if (number && !raised) {
        cg_fail_memory(err);
    } else if (number && BN_num_bits(number) > CG_CRL_NUMBER_BITS) {
        cg_error_set(
            err,
            "cannot make a CRL with a number above %s: CRL numbers end at 20 bytes (RFC 5280 5.2.3). A CA with a "
            "new key can start again with 1",
            number_file(request->folder));
    } else {
        return number;
    }
    BN_free(number);
    return NULL;
}

bool cg_crl_write(struct cg_change *change, const struct cg_crl_write_request *wanted, struct cg_crl_made *made,
                  struct cg_error *err)
{
    struct cg_crl_write_request chosen = *wanted;
    const struct cg_crl_write_request *request = &chosen;
    *made = (struct cg_crl_made){0};
    if (!chosen.lifetime)
        chosen.lifetime = cg_settings_crl_lifetime(change->ca, request->folder, &made->damaged);
    chosen.keeps_lifetime = made->damaged.text[0];
    X509_CRL *last = request->last ? request->last : cg_crl_last(change->ca, request->folder, request->issuer);
    bool kept = cg_revocations_kept(change->ca, request->folder, request->index, last, request->now, err);
    BIGNUM *number = kept ? number_of(change, request, last, err) : NULL;
    unsigned char *der = NULL;
    int len = 0;
    const bool is_made = number && make(request, number, last, made, &der, &len, err);
    char *hex = is_made ? BN_bn2hex(number) : NULL;
    if (hex)
        snprintf(made->number, sizeof made->number, "%s", hex);
    OPENSSL_free(hex);
    bool ok = is_made && put_files(change, request, der, len, made, err) &&
              cg_crl_put_next(change, request->folder, number, err);
    OPENSSL_free(der);
    if (last != request->last)
        X509_CRL_free(last);
    BN_free(number);
    return ok;
}

void cg_crl_made_clear(struct cg_crl_made *made)
{
    free(made->pem);
    *made = (struct cg_crl_made){0};
}
