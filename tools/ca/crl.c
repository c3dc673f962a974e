/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "crl.h"
#include "base/failure.h"
#include "core/base/datetime.h"
#include "core/file/file.h"
#include "key.h"
#include "sign.h"
#include "store/clock.h"
#include "store/revoked.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIFETIME      (7 * CG_DAY)   /* nextUpdate of the issuing CA's */
#define ROOT_LIFETIME (365 * CG_DAY) /* of a root that only signs intermediates: its key is away */

static const char *number_file(const char *folder)
{
    return strcmp(folder, "root") == 0 ? "root/crlnumber" : "crlnumber";
}

/* The file holds the number of the next CRL, as `openssl ca` keeps it; a new CA starts with 1. */
static BIGNUM *next_number(const struct cg_ca *ca, const char *folder, struct cg_error *err)
{
    char path[PATH_MAX];
    struct cg_bytes bytes;
    BIGNUM *number = NULL;
    if (!cg_ca_has(ca, number_file(folder))) {
        if (!(number = BN_new()) || !BN_one(number))
            cg_fail_openssl(err, "CRL number");
        return number;
    }
    if (!cg_file_read(cg_ca_path(ca, path, "%s", number_file(folder)), CG_FILE_PUBLIC, 4096, &bytes, err))
        return NULL;
    char *text = (char *)bytes.data;
    text[strcspn(text, " \r\n")] = '\0';
    size_t digits = strspn(text, "0123456789abcdefABCDEF");
    if (!digits || text[digits] || !BN_hex2bn(&number, text))
        cg_error_set(err, "%s: expected one hexadecimal number, found \"%.50s\"", path, text);
    cg_bytes_free(&bytes);
    return number;
}

static bool add_entry(X509_CRL *crl, const struct cg_index_row *row, ASN1_TIME *when)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    BIGNUM *number = NULL;
    ASN1_INTEGER *serial = BN_hex2bn(&number, row->serial) ? BN_to_ASN1_INTEGER(number, NULL) : NULL;
    bool ok = entry && serial && X509_REVOKED_set_serialNumber(entry, serial) && cg_time_set(when, row->revoked) &&
              X509_REVOKED_set_revocationDate(entry, when);
    /* unspecified is said by leaving the extension out: RFC 5280 5.3.1 */
    if (ok && row->reason > 0) {
        ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();
        ok = reason && ASN1_ENUMERATED_set(reason, row->reason) &&
             X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason, 0, 0) == 1;
        ASN1_ENUMERATED_free(reason);
    }
    ok = ok && X509_CRL_add0_revoked(crl, entry);
    if (!ok)
        X509_REVOKED_free(entry);
    ASN1_INTEGER_free(serial);
    BN_free(number);
    return ok;
}

static bool add_entries(X509_CRL *crl, const struct cg_crl_write_request *crl_request, size_t *count,
                        struct cg_error *err)
{
    struct cg_error fault = {""};
    struct cg_index_row row;
    ASN1_TIME *when = ASN1_TIME_new();
    bool ok = when;
    crl_request->index->at = crl_request->index->number = 0;
    while (ok && cg_index_next(crl_request->index, &row, &fault)) {
        if (row.status != 'R' || row.expires + CG_KEEP_EXPIRED < crl_request->now)
            continue;
        if (!(ok = add_entry(crl, &row, when)))
            cg_fail_openssl(&fault, row.serial);
        ++*count;
    }
    ASN1_TIME_free(when);
    if (fault.text[0])
        cg_error_set(err, "%s", fault.text);
    return ok && !fault.text[0];
}

/* No index lists what a root revoked: its last CRL does. */
static bool copy_entries(X509_CRL *crl, X509_CRL *last, size_t *count, struct cg_error *err)
{
    STACK_OF(X509_REVOKED) *entries = last ? X509_CRL_get_REVOKED(last) : NULL;
    bool ok = true;
    for (int i = 0; ok && i < sk_X509_REVOKED_num(entries); i++) {
        X509_REVOKED *entry = X509_REVOKED_dup(sk_X509_REVOKED_value(entries, i));
        if (!(ok = entry && X509_CRL_add0_revoked(crl, entry)))
            X509_REVOKED_free(entry);
        ++*count;
    }
    return ok || cg_fail_openssl(err, "no memory for the CRL");
}

static bool add_number_and_issuer(X509_CRL *crl, const struct cg_crl_write_request *crl_request, const BIGNUM *number)
{
    ASN1_INTEGER *value = BN_to_ASN1_INTEGER(number, NULL);
    AUTHORITY_KEYID *authority = AUTHORITY_KEYID_new();
    const ASN1_OCTET_STRING *keyid = X509_get0_subject_key_id(crl_request->issuer);
    bool ok = value && authority && X509_CRL_add1_ext_i2d(crl, NID_crl_number, value, 0, 0) == 1;
    /* an adopted CA may have no SKI; then the AKI is left out too */
    if (ok && keyid)
        ok = (authority->keyid = ASN1_OCTET_STRING_dup(keyid)) &&
             X509_CRL_add1_ext_i2d(crl, NID_authority_key_identifier, authority, 0, 0) == 1;
    AUTHORITY_KEYID_free(authority);
    ASN1_INTEGER_free(value);
    return ok;
}

static X509_CRL *make(const struct cg_crl_write_request *crl_request, const BIGNUM *number, X509_CRL *last,
                      struct cg_crl_made *made, struct cg_error *err)
{
    const int64_t usual = crl_request->now + (strcmp(crl_request->folder, "root") == 0 ? ROOT_LIFETIME : LIFETIME);
    made->next_update = crl_request->lifetime  ? crl_request->now + crl_request->lifetime
                        : usual < CG_TIME_LAST ? usual
                                               : CG_TIME_LAST;
    if (made->next_update > CG_TIME_LAST) {
        cg_error_set(err, "the CRL would end after the year 9999, which no CRL can say; ask for a shorter lifetime");
        return NULL;
    }
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *this_update = ASN1_TIME_new(), *next_update = ASN1_TIME_new();
    bool ok = crl && this_update && next_update && X509_CRL_set_version(crl, X509_CRL_VERSION_2) &&
              X509_CRL_set_issuer_name(crl, X509_get_subject_name(crl_request->issuer)) &&
              cg_time_set(this_update, crl_request->now - CG_BACKDATE) && cg_time_set(next_update, made->next_update) &&
              X509_CRL_set1_lastUpdate(crl, this_update) && X509_CRL_set1_nextUpdate(crl, next_update);
    if (!ok)
        cg_fail_openssl(err, "the CRL cannot be made");
    if (ok && (ok = crl_request->index ? add_entries(crl, crl_request, &made->entries, err)
                                       : copy_entries(crl, last, &made->entries, err))) {
        X509_CRL_sort(crl);
        ok = (add_number_and_issuer(crl, crl_request, number) &&
              X509_CRL_sign(crl, crl_request->key, cg_key_digest(crl_request->key)) > 0) ||
             cg_fail_openssl(err, "the CRL cannot be signed");
    }
    ASN1_TIME_free(this_update);
    ASN1_TIME_free(next_update);
    if (!ok) {
        X509_CRL_free(crl);
        return NULL;
    }
    return crl;
}

/* The CRL of the other CA here, as its last one was; malloc'ed, "" where it never had one. Brokers that got a list
 * without it would refuse everyone. */
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
            "%s/crl.pem cannot be read, and without it brokers would refuse everyone. Put the file back from a "
            "backup, or copy the crl.pem of a broker there; nothing was changed",
            other);
    return pem;
}

/* crl.pem holds the CRL of every CA of the path: brokers check each certificate below the anchor. */
static bool put_bundle(struct cg_change *change, const struct cg_crl_write_request *crl_request, const char *pem,
                       struct cg_error *err)
{
    char *all = NULL;
    char *other = crl_request->other ? strdup(crl_request->other) : last_of_other(change->ca, crl_request->folder, err);
    int n = other ? asprintf(&all, "%s%s", pem, other) : -1;
    bool ok = n >= 0 && cg_change_put(change, "crl.pem", all, (size_t)n, 0644, err);
    if (n >= 0)
        free(all);
    free(other);
    return ok;
}

char *cg_crl_pem(X509_CRL *crl)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL, *pem = NULL;
    if (bio && PEM_write_bio_X509_CRL(bio, crl)) {
        size_t len = (size_t)BIO_get_mem_data(bio, &data);
        pem = strndup(data, len);
    }
    BIO_free(bio);
    return pem;
}

static bool put_files(struct cg_change *change, const struct cg_crl_write_request *crl_request, X509_CRL *crl,
                      struct cg_crl_made *made, struct cg_error *err)
{
    unsigned char *der = NULL;
    char target[32];
    int len = i2d_X509_CRL(crl, &der);
    if (len <= 0 || !(made->pem = cg_crl_pem(crl))) {
        OPENSSL_free(der);
        return cg_fail_openssl(err, "the CRL cannot be written");
    }
    snprintf(target, sizeof target, "%s/crl.pem", crl_request->folder);
    bool ok = cg_change_put(change, target, made->pem, strlen(made->pem), 0644, err) &&
              put_bundle(change, crl_request, made->pem, err);
    if (ok && strcmp(crl_request->folder, "ca") == 0)
        ok = cg_change_put(change, "crl.der", der, (size_t)len, 0644, err);
    OPENSSL_free(der);
    return ok;
}

/* "0A\n": an even number of digits, as openssl writes it */
bool cg_crl_put_next(struct cg_change *change, const char *folder, BIGNUM *number, struct cg_error *err)
{
    char line[64];
    char *hex = BN_add_word(number, 1) ? BN_bn2hex(number) : NULL;
    if (!hex)
        return cg_fail_openssl(err, "CRL number");
    int n = snprintf(line, sizeof line, "%s\n", hex);
    OPENSSL_free(hex);
    return cg_change_put(change, number_file(folder), line, (size_t)n, 0644, err);
}

#define NUMBER_BITS 159 /* 20 octets with the sign: RFC 5280 5.2.3 */

static bool raise_above(BIGNUM *number, const BIGNUM *other)
{
    return !other || BN_cmp(number, other) > 0 || (BN_copy(number, other) && BN_add_word(number, 1));
}

/* A crlnumber that cannot be read is as good as none where the last CRL's number is known. */
static BIGNUM *first_number(const struct cg_change *change, const struct cg_crl_write_request *crl_request, bool known,
                            struct cg_error *err)
{
    struct cg_error fault = {""};
    if (crl_request->number)
        return BN_dup(crl_request->number);
    BIGNUM *number = next_number(change->ca, crl_request->folder, &fault);
    if (!number && known && (number = BN_new()) && !BN_one(number)) {
        BN_free(number);
        number = NULL;
    }
    if (!number)
        cg_error_set(
            err, "%s; nor can the last CRL be read. Say which number was used last: certguard -C %s crl --above NUMBER",
            fault.text, change->ca->word);
    return number;
}

/* crlnumber may be lost, or older than the CRL that brokers have. */
static BIGNUM *number_of(const struct cg_change *change, const struct cg_crl_write_request *crl_request,
                         const X509_CRL *last, struct cg_error *err)
{
    BIGNUM *used = cg_crl_number(last);
    BIGNUM *number = first_number(change, crl_request, used || crl_request->above, err);
    const bool raised = number && raise_above(number, crl_request->above) && raise_above(number, used);
    BN_free(used);
    if (number && !raised) {
        cg_fail_openssl(err, "CRL number");
    } else if (number && BN_num_bits(number) > NUMBER_BITS) {
        cg_error_set(err,
                     "%s: a CRL number has at most 20 octets, and no higher one is left (RFC 5280 5.2.3); CRLs with a "
                     "lower one are taken once the CA has a new key",
                     number_file(crl_request->folder));
    } else {
        return number;
    }
    BN_free(number);
    return NULL;
}

bool cg_crl_write(struct cg_change *change, const struct cg_crl_write_request *crl_request, struct cg_crl_made *made,
                  struct cg_error *err)
{
    *made = (struct cg_crl_made){0};
    X509_CRL *last = cg_crl_last(change->ca, crl_request->folder, crl_request->issuer);
    bool kept = cg_revocations_kept(change->ca, crl_request->folder, crl_request->index, last, crl_request->now, err);
    BIGNUM *number = kept ? number_of(change, crl_request, last, err) : NULL;
    X509_CRL *crl = number ? make(crl_request, number, last, made, err) : NULL;
    char *hex = crl ? BN_bn2hex(number) : NULL;
    if (hex)
        snprintf(made->number, sizeof made->number, "%s", hex);
    OPENSSL_free(hex);
    bool ok = crl && put_files(change, crl_request, crl, made, err) &&
              cg_crl_put_next(change, crl_request->folder, number, err);
    X509_CRL_free(crl);
    X509_CRL_free(last);
    BN_free(number);
    return ok;
}

void cg_crl_made_clear(struct cg_crl_made *made)
{
    free(made->pem);
    *made = (struct cg_crl_made){0};
}
