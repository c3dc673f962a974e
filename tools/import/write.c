/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "base/failure.h"
#include "ca/crl.h"
#include "ca/issue.h"
#include "core/cert/name.h"
#include "core/file/file.h"
#include "plan.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_LIMIT ((size_t)64 << 10)

static bool put_text(struct cg_change *change, const char *target, const char *text, mode_t mode, struct cg_error *err)
{
    return text ? cg_change_put(change, target, text, strlen(text), mode, err) : cg_fail_openssl(err, target);
}

static void file_of(const struct cg_import_row *row, char out[CG_NAME_MAX + 32])
{
    if (row->generation)
        snprintf(out, CG_NAME_MAX + 32, "archive/%s/%04u", row->name, row->generation);
    else
        snprintf(out, CG_NAME_MAX + 32, "unknown"); /* as `openssl ca` writes */
}

static bool index_text(const struct cg_import_plan *plan, char **text, size_t *len, struct cg_error *err)
{
    char file[CG_NAME_MAX + 32];
    FILE *out = open_memstream(text, len);
    for (size_t i = 0; out && i < plan->count; i++) {
        const struct cg_import_row *r = &plan->row[i];
        const struct cg_index_row row = {.status = r->status,
                                         .expires = r->expires,
                                         .revoked = r->revoked,
                                         .reason = r->reason,
                                         .serial = r->serial,
                                         .file = file,
                                         .subject = r->subject};
        file_of(r, file);
        cg_index_print(out, &row);
    }
    return (out && fclose(out) == 0) || cg_fail_errno(err, "make", "the index");
}

/* Archive and, of each name, the newest generation live. */
static bool put_row(struct cg_change *change, const struct cg_import_request *a, const struct cg_issuer *issuer,
                    struct cg_import_row *row, unsigned slot, struct cg_error *err)
{
    char staged[32], target[CG_NAME_MAX + 32];
    EVP_PKEY *key = cg_import_scan_key_of(a->scan, row->cert);
    const struct cg_issue_request crl_request = {.name = row->name,
                                                 .request.key = key,
                                                 .private_key = key,
                                                 .generation = row->generation,
                                                 .is_live = !row->newest,
                                                 .slot = slot};
    struct cg_issued issued = {.cert = row->cert, .pem = cg_cert_pem(row->cert)};
    bool ok = issued.pem && cg_issue_stage(issuer, change, &crl_request, &issued, err);
    free(issued.pem);
    snprintf(staged, sizeof staged, "generation-%u", slot);
    file_of(row, target);
    ok = ok && cg_change_move(change, staged, target, err);
    snprintf(staged, sizeof staged, "live-%u", slot);
    snprintf(target, sizeof target, "live/%s", row->name);
    return ok && (!row->newest || cg_change_move(change, staged, target, err));
}

static bool journal_row(struct cg_change *change, const struct cg_import_request *a, const struct cg_import_row *row,
                        struct cg_error *err)
{
    char when[24];
    cJSON *entry = cJSON_CreateObject();
    cg_time_text(a->ca->options.now, when, sizeof when);
    if (row) {
        cJSON_AddStringToObject(entry, "name", row->name);
        cJSON_AddStringToObject(entry, "serial", row->serial);
        cJSON_AddStringToObject(entry, "state", row->status == 'R' ? "revoked" : "issued");
    } else {
        cJSON_AddStringToObject(entry, "source", a->source);
    }
    cJSON_AddStringToObject(entry, "time", when);
    cJSON_AddStringToObject(entry, "done", row ? "imported" : "imported a CA");
    return cg_change_journal_line(change, entry, err);
}

static bool put_rows(struct cg_change *change, const struct cg_import_request *a, const char *chain,
                     struct cg_error *err)
{
    const struct cg_issuer issuer = {.ca = a->ca, .chain = (char *)(uintptr_t)chain};
    bool ok = journal_row(change, a, NULL, err);
    for (size_t i = 0; ok && i < a->plan->count; i++) {
        struct cg_import_row *row = &a->plan->row[i];
        ok = (!row->generation || put_row(change, a, &issuer, row, (unsigned)i, err)) &&
             journal_row(change, a, row, err);
    }
    return ok;
}

/* The next one gets a higher number than the one that devices have seen. */
static bool put_found_crl(struct cg_change *change, X509_CRL *crl, const char *pem, struct cg_error *err)
{
    ASN1_INTEGER *value = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
    BIGNUM *number = value ? ASN1_INTEGER_to_BN(value, NULL) : NULL;
    bool ok = put_text(change, "root/crl.pem", pem, 0644, err) &&
              (!number || cg_crl_put_next(change, "root", number, err));
    BN_free(number);
    ASN1_INTEGER_free(value);
    return ok;
}

static const struct cg_lint_object *newest_root_crl(const struct cg_import_request *a)
{
    const struct cg_lint_object *best = NULL;
    EVP_PKEY *key = X509_get0_pubkey(a->ca->root);
    for (size_t i = 0; i < a->scan->objects.count; i++) {
        const struct cg_lint_object *o = &a->scan->objects.item[i];
        if (o->kind == CG_LINT_CRL && X509_CRL_verify(o->crl, key) == 1 &&
            (!best || ASN1_TIME_compare(X509_CRL_get0_lastUpdate(o->crl), X509_CRL_get0_lastUpdate(best->crl)) > 0))
            best = o;
    }
    ERR_clear_error();
    return best;
}

/* What a CRL revokes, as the lines of an index. */
static bool index_of_crl(struct cg_index *index, X509_CRL *crl, const X509 *root, struct cg_error *err)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(crl);
    bool ok = out;
    for (int i = 0; ok && i < sk_X509_REVOKED_num(entries); i++) {
        const X509_REVOKED *entry = sk_X509_REVOKED_value(entries, i);
        ASN1_ENUMERATED *reason = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
        char *serial = cg_index_serial(X509_REVOKED_get0_serialNumber(entry));
        struct cg_index_row row = {.status = 'R',
                                   .reason = reason ? (int)ASN1_ENUMERATED_get(reason) : -1,
                                   .serial = serial,
                                   .file = "unknown",
                                   .subject = "/CN=unknown"};
        ok = serial && cg_time_seconds(X509_REVOKED_get0_revocationDate(entry), &row.revoked) &&
             cg_time_seconds(X509_get0_notAfter(root), &row.expires);
        if (ok)
            cg_index_print(out, &row);
        ASN1_ENUMERATED_free(reason);
        OPENSSL_free(serial);
    }
    ok = out && fclose(out) == 0 && ok;
    if (ok && cg_index_of_text(index, text, len, err)) /* takes text */
        return true;
    if (!ok)
        free(text);
    return cg_fail_openssl(err, "the root's CRL");
}

/* With the root's key: what the last one revoked, and a higher number. */
static bool make_root_crl(struct cg_change *change, const struct cg_import_request *a, X509_CRL *last, char **pem,
                          struct cg_error *err)
{
    struct cg_index index = {0};
    struct cg_crl_made made = {0};
    ASN1_INTEGER *value = last ? X509_CRL_get_ext_d2i(last, NID_crl_number, NULL, NULL) : NULL;
    BIGNUM *number = value ? ASN1_INTEGER_to_BN(value, NULL) : NULL;
    const struct cg_crl_write_request crl_request = {.folder = "root",
                                                     .issuer = a->ca->root,
                                                     .key = a->scan->root_key,
                                                     .index = last ? &index : NULL,
                                                     .now = a->ca->options.now,
                                                     .above = number,
                                                     .other = ""};
    const bool ok = (!last || index_of_crl(&index, last, a->ca->root, err)) &&
                    cg_crl_write(change, &crl_request, &made, err) && (*pem = strdup(made.pem));
    cg_crl_made_clear(&made);
    cg_index_free(&index);
    BN_free(number);
    ASN1_INTEGER_free(value);
    return ok;
}

/* The root's newest CRL as it was found; where it is over or there is none, and the root's key is there, a new one; else
 * none, which import warns about. */
static char *root_crl(struct cg_change *change, const struct cg_import_request *a, bool *ok, struct cg_error *err)
{
    const struct cg_lint_object *best = newest_root_crl(a);
    int64_t until = 0;
    const bool holds = best && cg_time_seconds(X509_CRL_get0_nextUpdate(best->crl), &until) &&
                       until > a->ca->options.now;
    char *pem = NULL;
    *ok = true;
    if (a->scan->root_key && !holds) {
        *ok = make_root_crl(change, a, best ? best->crl : NULL, &pem, err);
    } else if (best) {
        pem = cg_crl_pem(best->crl);
        *ok = put_found_crl(change, best->crl, pem, err);
    }
    return pem;
}

/* What was sealed stays so: as it is, where there is no passphrase to seal it anew. */
static bool put_root_key(struct cg_change *change, const struct cg_import_request *a, struct cg_error *err)
{
    struct cg_bytes bytes = {0};
    const char *sealed = a->scan->root_key_file;
    if (a->scan->root_key && (a->passphrase || !sealed))
        return cg_key_put(change, "root/key.pem", a->scan->root_key, a->passphrase, err);
    if (!sealed)
        return true;
    const struct cg_file_user before = cg_owner_enter(&a->from);
    bool ok = cg_file_read(sealed, CG_FILE_PUBLIC, KEY_LIMIT, &bytes, err);
    cg_owner_back(before);
    ok = ok && cg_change_put(change, "root/key.pem", bytes.data, bytes.len, 0600, err);
    cg_bytes_wipe(&bytes);
    return ok;
}

static bool put_root(struct cg_change *change, const struct cg_import_request *a, char **crl, struct cg_error *err)
{
    bool ok = true;
    *crl = NULL;
    if (!cg_ca_is_two_tier(a->ca))
        return true;
    char *pem = cg_cert_pem(a->ca->root);
    *crl = root_crl(change, a, &ok, err);
    ok = ok && put_text(change, "root/cert.pem", pem, 0644, err) && put_root_key(change, a, err);
    free(pem);
    return ok;
}

static bool put_index_and_crl(struct cg_change *change, const struct cg_import_request *a, const char *crl,
                              struct cg_error *err)
{
    char *text = NULL;
    size_t len = 0;
    struct cg_index index = {0};
    struct cg_crl_made made = {0};
    bool ok = index_text(a->plan, &text, &len, err) && cg_change_put(change, "index.txt", text, len, 0600, err) &&
              put_text(change, "index.txt.attr", "unique_subject = no\n", 0600, err);
    if (ok)
        ok = cg_index_of_text(&index, text, len, err); /* takes text */
    else
        free(text);
    const struct cg_crl_write_request crl_request = {.folder = "ca",
                                                     .issuer = a->ca->cert,
                                                     .key = a->scan->key,
                                                     .index = &index,
                                                     .number = a->plan->number,
                                                     .now = a->ca->options.now,
                                                     .other = crl ? crl : ""};
    ok = ok && cg_crl_write(change, &crl_request, &made, err);
    cg_crl_made_clear(&made);
    cg_index_free(&index);
    return ok;
}

/* ca/cert.pem comes last: with it the folder holds a CA. */
bool cg_import_write(const struct cg_import_request *a, struct cg_error *err)
{
    struct cg_change change = {0};
    char *cert = cg_cert_pem(a->ca->cert), *root = cg_cert_pem(a->ca->root), *crl = NULL;
    const char *chain = cg_ca_is_two_tier(a->ca) ? cert : "";
    bool ok = cert && root && cg_change_begin(&change, a->ca, true, err) &&
              (a->key_uri ? put_text(&change, "ca/key.uri", a->key_uri, 0600, err)
                          : cg_key_put(&change, "ca/key.pem", a->scan->key, a->passphrase, err)) &&
              put_root(&change, a, &crl, err) && put_rows(&change, a, chain, err) &&
              put_index_and_crl(&change, a, crl, err) && put_text(&change, "chain.pem", chain, 0644, err) &&
              put_text(&change, "ca.pem", root, 0644, err) && put_text(&change, "ca/cert.pem", cert, 0644, err) &&
              cg_change_commit(&change, err);
    cg_change_end(&change);
    free(crl);
    free(root);
    free(cert);
    return ok;
}
