/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "loaded_crl.h"
#include "core/cert/name.h"
#include "crl_parse.h"

#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTS_MAX 1024 /* certificate issuers per indirect CRL */

static X509_NAME *read_name(const struct cg_der *der)
{
    const unsigned char *at = der->at;
    X509_NAME *name = cg_der_left(der) <= INT_MAX ? d2i_X509_NAME(NULL, &at, (long)cg_der_left(der)) : NULL;
    if (name && at == der->end && X509_NAME_entry_count(name) > 0)
        return name;
    X509_NAME_free(name);
    return NULL;
}

/* Takes ownership of name. NULL if memory or room is exhausted. */
static struct cg_crl_part *add_part(struct cg_crl *crl, X509_NAME *name)
{
    struct cg_crl_part *grown = crl->nparts < PARTS_MAX ? realloc(crl->parts, (crl->nparts + 1) * sizeof *grown) : NULL;
    if (!grown) {
        X509_NAME_free(name);
        return NULL;
    }
    crl->parts = grown;
    struct cg_crl_part *part = &grown[crl->nparts++];
    memset(part, 0, sizeof *part);
    part->issuer = name;
    return part;
}

static struct cg_crl_part *find_part(const struct cg_crl *crl, const X509_NAME *name)
{
    for (size_t i = 0; i < crl->nparts; i++)
        if (X509_NAME_cmp(crl->parts[i].issuer, name) == 0)
            return &crl->parts[i];
    return NULL;
}

/* certificateIssuer contains one directory name (RFC 5280 5.3.3). */
static X509_NAME *read_certificate_issuer(const struct cg_der *value)
{
    const unsigned char *at = value->at;
    X509_NAME *name = NULL;
    GENERAL_NAMES *names = cg_der_left(value) <= INT_MAX ? d2i_GENERAL_NAMES(NULL, &at, (long)cg_der_left(value))
                                                         : NULL;
    if (names && at == value->end && sk_GENERAL_NAME_num(names) == 1 &&
        sk_GENERAL_NAME_value(names, 0)->type == GEN_DIRNAME)
        name = X509_NAME_dup(sk_GENERAL_NAME_value(names, 0)->d.directoryName);
    GENERAL_NAMES_free(names);
    return name;
}

/* The part of this entry and of those after it. */
static struct cg_crl_part *turn_to_issuer(struct cg_crl *crl, const struct cg_der *value, struct cg_error *err)
{
    if (!crl->scope.indirect) {
        cg_error_set(err, "certificateIssuer in a CRL that is not indirect (RFC 5280 5.3.3)");
        return NULL;
    }
    X509_NAME *name = read_certificate_issuer(value);
    if (!name) {
        cg_error_set(err, "certificateIssuer is not one directory name (RFC 5280 5.3.3)");
        return NULL;
    }
    struct cg_crl_part *part = find_part(crl, name);
    if (part)
        X509_NAME_free(name);
    else if (!(part = add_part(crl, name)))
        cg_error_set(err, "more than %d certificate issuers in one CRL, or out of memory", PARTS_MAX);
    return part;
}

/* The two passes over the entries. */
enum pass { PASS_COUNT, PASS_FILL };

static bool walk_entries(struct cg_crl *crl, struct cg_der entries, enum pass pass, struct cg_error *err)
{
    struct cg_crl_part *part = &crl->parts[0];
    for (size_t number = 1; entries.at < entries.end; number++) {
        struct cg_crl_entry entry;
        bool ok = cg_crl_take_entry(&entries, &entry, err);
        if (ok && entry.record.reason == CG_CRL_REASON_REMOVE && !crl->is_delta) {
            cg_error_set(err, "removeFromCRL in a CRL that is not a delta (RFC 5280 5.3.1)");
            ok = false;
        }
        if (ok && entry.certificate_issuer.at)
            ok = (part = turn_to_issuer(crl, &entry.certificate_issuer, err)) != NULL;
        if (!ok) {
            cg_error_prefix(err, "revokedCertificates, entry %zu", number);
            return false;
        }
        if (pass == PASS_COUNT)
            cg_crl_index_count(&part->index, &entry.serial);
        else
            cg_crl_index_put(&part->index, &entry.serial, &entry.record);
    }
    return true;
}

static bool read_scope(struct cg_crl *crl, const struct cg_crl_extensions *found, bool strict, struct cg_error *err)
{
    if (!cg_crl_scope_read(&found->scope, crl->issuer, &crl->scope, err))
        return false;
    if (found->delta_base.at && !cg_crl_read_number(&found->delta_base, "BaseCRLNumber", crl->delta_base, err))
        return false;
    if (found->number.at && !cg_crl_read_number(&found->number, "cRLNumber", crl->number, err))
        return false;
    crl->is_delta = found->delta_base.at != NULL;
    crl->has_number = found->number.at != NULL;
    if (crl->is_delta && (strict || !crl->has_number)) {
        cg_error_set(err, "a delta CRL%s",
                     strict ? " (RFC 5280 5.2.4). Use the complete CRL, or set crl_extended to use delta CRLs too"
                            : " without cRLNumber (RFC 5280 5.2.4). Use the complete CRL");
        return false;
    }
    if (strict && crl->scope.indirect) {
        cg_error_set(err, "an indirect CRL (RFC 5280 5.2.5). Have each CA publish its own CRL, or set crl_extended");
        return false;
    }
    if (strict && !crl->has_number) {
        cg_error_set(
            err, "no cRLNumber, so an older CRL cannot be distinguished from a newer one (RFC 5280 5.2.3). Have the CA "
                 "number its CRLs (in OpenSSL, set crlnumber), or set crl_extended, which compares thisUpdate");
        return false;
    }
    if (!found->scope.at)
        return true;
    crl->scope_len = cg_der_left(&found->scope);
    crl->scope_der = malloc(crl->scope_len);
    if (!crl->scope_der) {
        cg_error_set(err, "out of memory");
        return false;
    }
    memcpy(crl->scope_der, found->scope.at, crl->scope_len);
    return true;
}

static bool reserve(struct cg_crl *crl, struct cg_error *err)
{
    for (size_t i = 0; i < crl->nparts; i++)
        if (!cg_crl_index_reserve(&crl->parts[i].index)) {
            cg_error_set(err, "out of memory for the index");
            return false;
        }
    return true;
}

/* The whole CRL is parsed before its signature is checked, and the signature before anything is allocated that grows
 * with the number of entries. So an untrusted file costs time linear in its size, but no memory. */
static bool fill(struct cg_crl *crl, const struct cg_crl_head *head, const STACK_OF(X509) *issuers, bool strict,
                 struct cg_error *err)
{
    X509_NAME *own = X509_NAME_dup(crl->issuer);
    if (!own || !add_part(crl, own)) {
        cg_error_set(err, "out of memory");
        return false;
    }
    if (!read_scope(crl, &head->extensions, strict, err) || !walk_entries(crl, head->entries, PASS_COUNT, err) ||
        !cg_crl_signer_find(head, crl->issuer, issuers, strict, crl->scope.indirect, &crl->signer, err) ||
        !reserve(crl, err) || !walk_entries(crl, head->entries, PASS_FILL, err))
        return false;
    for (size_t i = 0; i < crl->nparts; i++)
        cg_crl_index_sort(&crl->parts[i].index);
    return true;
}

/* Readers must be able to distinguish the partitions and deltas of an issuer. */
static void add_scope(struct cg_crl *crl)
{
    char scope[CG_CRL_SCOPE_MAX];
    size_t len = crl->name_len;
    cg_crl_scope_text(&crl->scope, scope, sizeof scope);
    if (scope[0] || crl->is_delta)
        snprintf(crl->issuer_text + len, sizeof crl->issuer_text - len, " (%s%s%s)", crl->is_delta ? "delta" : "",
                 crl->is_delta && scope[0] ? ", " : "", scope);
}

/* False with *err, which names the issuer once it is known. */
static bool read_head(struct cg_crl *crl, const unsigned char *der, size_t len, struct cg_crl_head *head,
                      struct cg_error *err)
{
    bool ok = cg_crl_read_head(der, len, head, err);
    crl->this_update = head->this_update;
    crl->next_update = head->next_update;
    crl->issuer = head->issuer.at ? read_name(&head->issuer) : NULL;
    if (ok && !crl->issuer)
        cg_error_set(err, "issuer is empty or malformed (RFC 5280 5.1.2.3)");
    if (crl->issuer)
        cg_name_text(crl->issuer, crl->issuer_text, 256);
    crl->name_len = strlen(crl->issuer_text);
    return ok && crl->issuer;
}

static bool read_crl(struct cg_crl *crl, const unsigned char *der, size_t len, const STACK_OF(X509) *issuers,
                     bool strict, struct cg_error *err)
{
    struct cg_crl_head head;
    if (!read_head(crl, der, len, &head, err))
        return false;
    if (EVP_Digest(der, len, crl->sha256, NULL, EVP_sha256(), NULL) == 1)
        return fill(crl, &head, issuers, strict, err);
    cg_error_set(err, "out of memory");
    return false;
}

struct cg_crl *cg_crl_read(const unsigned char *der, size_t len, const STACK_OF(X509) *issuers, bool strict,
                           struct cg_error *err)
{
    struct cg_crl *crl = calloc(1, sizeof *crl);
    if (!crl) {
        cg_error_set(err, "out of memory");
        return NULL;
    }
    atomic_init(&crl->references, 1);
    if (read_crl(crl, der, len, issuers, strict, err)) {
        add_scope(crl);
        return crl;
    }
    if (crl->issuer)
        cg_error_prefix(err, "CRL of %s", crl->issuer_text);
    cg_crl_free(crl);
    return NULL;
}

bool cg_crl_set_place(struct cg_crl *crl, const char *place)
{
    crl->place = strdup(place);
    return crl->place;
}

struct cg_crl *cg_crl_ref(struct cg_crl *crl)
{
    atomic_fetch_add_explicit(&crl->references, 1, memory_order_relaxed);
    return crl;
}

void cg_crl_free(struct cg_crl *crl)
{
    if (!crl || atomic_fetch_sub_explicit(&crl->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < crl->nparts; i++) {
        X509_NAME_free(crl->parts[i].issuer);
        cg_crl_index_clear(&crl->parts[i].index);
    }
    free(crl->parts);
    cg_crl_signer_clear(&crl->signer);
    cg_crl_scope_clear(&crl->scope);
    free(crl->scope_der);
    X509_NAME_free(crl->issuer);
    free(crl->place);
    free(crl);
}

bool cg_crl_find(const struct cg_crl *crl, const X509_NAME *cert_issuer, const struct cg_serial *serial,
                 struct cg_crl_record *out)
{
    const struct cg_crl_part *part = find_part(crl, cert_issuer);
    return part && cg_crl_index_find(&part->index, serial, out);
}

bool cg_crl_same_base(const struct cg_crl *a, const struct cg_crl *b)
{
    return X509_NAME_cmp(a->issuer, b->issuer) == 0 && cg_same_key(a->signer.cert, b->signer.cert) &&
           a->scope_len == b->scope_len && (a->scope_len == 0 || memcmp(a->scope_der, b->scope_der, a->scope_len) == 0);
}

bool cg_crl_same_scope(const struct cg_crl *a, const struct cg_crl *b)
{
    return a->is_delta == b->is_delta && cg_crl_same_base(a, b);
}

int cg_crl_compare_age(const unsigned char *a_number, int64_t a_this_update, const unsigned char *b_number,
                       int64_t b_this_update)
{
    int order = a_number && b_number ? memcmp(a_number, b_number, CG_SERIAL_MAX) : 0;
    if (order != 0)
        return order;
    return (a_this_update > b_this_update) - (a_this_update < b_this_update);
}

int cg_crl_compare(const struct cg_crl *a, const struct cg_crl *b)
{
    return cg_crl_compare_age(a->has_number ? a->number : NULL, a->this_update, b->has_number ? b->number : NULL,
                              b->this_update);
}

bool cg_crl_delta_fits(const struct cg_crl *delta, const struct cg_crl *base)
{
    return base->has_number && memcmp(delta->delta_base, base->number, sizeof base->number) <= 0 &&
           memcmp(base->number, delta->number, sizeof base->number) < 0;
}

void cg_crl_number_hex(const unsigned char *number, char *out, size_t size)
{
    size_t first = 0, used = 0;
    if (size > 0)
        *out = '\0';
    if (!number)
        return;
    while (first < CG_SERIAL_MAX - 1 && number[first] == 0)
        first++;
    for (size_t i = first; i < CG_SERIAL_MAX && used + 3 <= size; i++)
        used += (size_t)snprintf(out + used, size - used, used == 0 ? "%x" : "%02x", number[i]);
}

void cg_crl_number_text(const struct cg_crl *crl, char *out, size_t size)
{
    cg_crl_number_hex(crl->has_number ? crl->number : NULL, out, size);
}

size_t cg_crl_entries(const struct cg_crl *crl)
{
    size_t sum = 0;
    for (size_t i = 0; i < crl->nparts; i++)
        sum += cg_crl_index_entries(&crl->parts[i].index);
    return sum;
}
