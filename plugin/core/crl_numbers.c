/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "crl_numbers_private.h"

#include "name.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cg_crl_numbers *cg_crl_numbers_new(void)
{
    return calloc(1, sizeof(struct cg_crl_numbers));
}

void cg_crl_numbers_free(struct cg_crl_numbers *numbers)
{
    if (numbers)
        free(numbers->row);
    free(numbers);
}

size_t cg_crl_numbers_count(const struct cg_crl_numbers *numbers)
{
    return numbers ? numbers->count : 0;
}

/* ---- the table */

/* Where it is, or belongs. */
static size_t place_of(const struct cg_crl_numbers *numbers, const unsigned char *id)
{
    size_t low = 0, high = numbers->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(numbers->row[middle].id, id, sizeof numbers->row->id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct cg_numbers_row *find(const struct cg_crl_numbers *numbers, const unsigned char *id)
{
    size_t at = place_of(numbers, id);
    bool found = at < numbers->count && memcmp(numbers->row[at].id, id, sizeof numbers->row->id) == 0;
    return found ? &numbers->row[at] : NULL;
}

static int order(const struct cg_numbers_row *a, const struct cg_numbers_row *b)
{
    return cg_crl_order_of(a->has_number ? a->number : NULL, a->this_update, b->has_number ? b->number : NULL,
                           b->this_update);
}

bool cg_numbers_put(struct cg_crl_numbers *numbers, const struct cg_numbers_row *row)
{
    struct cg_numbers_row *held = find(numbers, row->id);
    if (held) {
        bool in_use = held->in_use || row->in_use;
        if (order(held, row) < 0)
            *held = *row;
        held->in_use = in_use;
        return true;
    }
    if (numbers->count == numbers->room) {
        size_t room = numbers->room ? 2 * numbers->room : 16;
        struct cg_numbers_row *grown = realloc(numbers->row, room * sizeof *grown);
        if (!grown)
            return false;
        numbers->row = grown;
        numbers->room = room;
    }
    size_t at = place_of(numbers, row->id);
    memmove(&numbers->row[at + 1], &numbers->row[at], (numbers->count - at) * sizeof *row);
    numbers->row[at] = *row;
    numbers->count++;
    return true;
}

static bool key_id(const X509 *cert, unsigned char id[CG_NUMBERS_DIGEST])
{
    unsigned char *key = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &key);
    bool ok = len > 0 && EVP_Digest(key, (size_t)len, id, NULL, EVP_sha256(), NULL) == 1;
    OPENSSL_free(key);
    return ok;
}

/* Names that compare equal have the same hash; that two names of one key share it is the CA's own affair. */
static bool identify(const struct cg_crl *crl, bool is_delta, unsigned char id[2 * CG_NUMBERS_DIGEST])
{
    unsigned char head[8] = {0};
    int known = 0;
    unsigned long name = X509_NAME_hash_ex(crl->issuer, NULL, NULL, &known);
    bool ok = known && key_id(crl->signer.cert, id);
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

bool cg_crl_numbers_merge(struct cg_crl_numbers *numbers, const struct cg_crl_numbers *other)
{
    for (size_t i = 0; i < cg_crl_numbers_count(other); i++) {
        if (!cg_numbers_put(numbers, &other->row[i]))
            return false;
    }
    return true;
}

void cg_crl_numbers_unmark(struct cg_crl_numbers *numbers)
{
    for (size_t i = 0; i < numbers->count; i++)
        numbers->row[i].in_use = false;
}

void cg_crl_numbers_trim(struct cg_crl_numbers *numbers)
{
    while (numbers->count > CG_CRL_NUMBERS_LINES) {
        struct cg_numbers_row *oldest = NULL;
        for (size_t i = 0; i < numbers->count; i++)
            if (!numbers->row[i].in_use && (!oldest || numbers->row[i].this_update < oldest->this_update))
                oldest = &numbers->row[i];
        if (!oldest)
            return;
        size_t after = (size_t)(numbers->row + numbers->count - oldest) - 1;
        memmove(oldest, oldest + 1, after * sizeof *oldest);
        numbers->count--;
    }
}

/* "number 1f of 2026-01-02T03:04:05Z" */
static void version_text(const unsigned char *number, int64_t this_update, char *out, size_t size)
{
    char hex[2 * CG_SERIAL_MAX + 1], time[32];
    cg_crl_number_hex(number, hex, sizeof hex);
    cg_time_text(this_update, time, sizeof time);
    snprintf(out, size, "%s%s of %s", number ? "number " : "the CRL", hex, time);
}

enum cg_crl_age cg_crl_numbers_judge(const struct cg_crl_numbers *numbers, const struct cg_crl *crl,
                                     struct cg_error *err)
{
    unsigned char id[2 * CG_NUMBERS_DIGEST];
    char low[96], high[96], hex[2 * CG_SERIAL_MAX + 1];
    if (!identify(crl, crl->is_delta, id))
        return CG_CRL_AGE_UNKNOWN;
    const struct cg_numbers_row *row = numbers ? find(numbers, id) : NULL;
    const unsigned char *number = crl->has_number ? crl->number : NULL;
    const unsigned char *highest = row && row->has_number ? row->number : NULL;
    if (!row || cg_crl_order_of(number, crl->this_update, highest, row->this_update) >= 0)
        return CG_CRL_NOT_OLDER;
    version_text(number, crl->this_update, low, sizeof low);
    version_text(highest, row->this_update, high, sizeof high);
    cg_crl_number_hex(highest, hex, sizeof hex);
    if (!highest)
        cg_error_set(err, "CRL of %s: %s is older than %s, the newest that was in use; put the newest CRL there",
                     crl->issuer_text, low, high);
    else
        cg_error_set(
            err,
            "CRL of %s: %s is older than %s, the highest that was in use (RFC 5280 5.2.3); put the newest CRL "
            "there. If the CA was restored from a backup: revoke again what was revoked since, then `certguard "
            "crl --above %s`",
            crl->issuer_text, low, high, hex);
    return CG_CRL_OLDER;
}

enum cg_crl_age cg_crl_numbers_judge_base(const struct cg_crl_numbers *numbers, const struct cg_crl *crl,
                                          struct cg_error *err)
{
    unsigned char id[2 * CG_NUMBERS_DIGEST];
    char low[96], high[96];
    if (crl->is_delta || !numbers)
        return CG_CRL_NOT_OLDER;
    if (!identify(crl, true, id))
        return CG_CRL_AGE_UNKNOWN;
    const struct cg_numbers_row *row = find(numbers, id);
    const unsigned char *number = crl->has_number ? crl->number : NULL;
    if (!row || !row->has_number || cg_crl_order_of(number, crl->this_update, row->number, row->this_update) >= 0)
        return CG_CRL_NOT_OLDER;
    version_text(number, crl->this_update, low, sizeof low);
    version_text(row->number, row->this_update, high, sizeof high);
    cg_error_set(err,
                 "CRL of %s: %s is there without the delta CRL, %s, that was in use with it (RFC 5280 5.2.4); put the "
                 "newest delta CRL there too, or a complete CRL that is newer",
                 crl->issuer_text, low, high);
    return CG_CRL_OLDER;
}

bool cg_crl_numbers_knows(const struct cg_crl_numbers *numbers, const X509 *issuer, struct cg_error *err)
{
    unsigned char id[2 * CG_NUMBERS_DIGEST] = {0};
    char high[96];
    if (!numbers)
        return false;
    if (!key_id(issuer, id)) {
        cg_error_set(err, "CRLs: out of memory");
        return true;
    }
    size_t at = place_of(numbers, id);
    if (at == numbers->count || memcmp(numbers->row[at].id, id, CG_NUMBERS_DIGEST) != 0)
        return false;
    const struct cg_numbers_row *row = &numbers->row[at];
    version_text(row->has_number ? row->number : NULL, row->this_update, high, sizeof high);
    cg_error_set(
        err,
        "CRL of %s: %s was in use, and now no file has a CRL of that CA; put its newest CRL there, or take the "
        "CA out of the trust files too",
        row->issuer, high);
    return true;
}
