/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "base/failure.h"
#include "ca/crl.h"
#include "ca/issue.h"
#include "core/cert/name.h"
#include "core/file/file.h"
#include "plan.h"
#include "store/revoked.h"

#include <openssl/err.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_LIMIT ((size_t)64 << 10)

static void file_of(const struct cg_import_row *row, char out[CG_NAME_MAX + 32])
{
    if (row->generation)
        snprintf(out, CG_NAME_MAX + 32, "archive/%s/%04u", row->name, row->generation);
    else
        snprintf(out, CG_NAME_MAX + 32, "unknown"); /* as in `openssl ca` */
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
    return (out && fclose(out) == 0) || cg_fail_memory(err);
}

/* Into archive/; the newest generation of each name becomes live. */
static bool put_row(struct cg_change *change, const struct cg_import_request *a, const struct cg_issuer *issuer,
                    struct cg_import_row *row, unsigned slot, struct cg_error *err)
{
    char staged[32], target[CG_NAME_MAX + 32];
    EVP_PKEY *key = cg_import_scan_key_of(a->scan, row->cert);
    const struct cg_issue_request issue = {
        .name = row->name, .request.key = key, .private_key = key, .generation = row->generation, .slot = slot};
    struct cg_issued issued = {.cert = row->cert, .pem = cg_cert_pem(row->cert)};
    bool ok = issued.pem && cg_issue_stage(issuer, change, &issue, &issued, err);
    free(issued.pem);
    snprintf(staged, sizeof staged, "generation-%u", slot);
    file_of(row, target);
    ok = ok && cg_change_move(change, staged, target, err);
    snprintf(staged, sizeof staged, "live-%u", slot);
    snprintf(target, sizeof target, "live/%s", row->name);
    return ok && (!row->newest || cg_change_move(change, staged, target, err));
}

/* Also what only the index has, so that it can be restored. */
static bool journal_row(struct cg_change *change, const struct cg_import_row *row, struct cg_error *err)
{
    char name[CG_NAME_MAX + 1], subject[1024], start[24], end[24];
    const struct cg_ca_profile *profile = row->cert ? cg_ca_profile_of(row->cert) : NULL;
    cg_index_row_name(&(struct cg_index_row){.file = "", .subject = row->subject}, name);
    cg_time_text(row->expires, end, sizeof end);
    cJSON *entry = cg_json_of("name", row->name[0] ? row->name : name, "serial", row->serial, "state",
                              row->status == 'R' ? "revoked" : "issued", "not_after", end);
    if (profile) { /* so that list need not read the certificate */
        cg_name_text(X509_get_subject_name(row->cert), subject, sizeof subject);
        cg_date_text(X509_get0_notBefore(row->cert), start);
        cg_json_add(entry, "profile", profile->name, "subject", subject, "not_before", start);
    }
    return cg_change_journal(change, "imported", entry, err);
}

static bool put_rows(struct cg_change *change, const struct cg_import_request *a, const char *chain,
                     struct cg_error *err)
{
    const struct cg_issuer issuer = {.ca = a->ca, .chain = (char *)(uintptr_t)chain};
    cJSON *entry = cg_json_of("source", a->source);
    bool ok = cg_change_journal(change, "imported a CA", entry, err);
    for (size_t i = 0; ok && i < a->plan->count; i++) {
        cg_progress(a->progress, i, a->plan->count);
        struct cg_import_row *row = &a->plan->row[i];
        ok = (!row->generation || put_row(change, a, &issuer, row, (unsigned)i, err)) && journal_row(change, row, err);
    }
    return ok;
}

/* The next CRL gets a higher number than this one, which devices have seen. */
static bool put_found_crl(struct cg_change *change, X509_CRL *crl, const char *pem, struct cg_error *err)
{
    BIGNUM *number = cg_crl_number(crl);
    bool ok = cg_change_put_text(change, "root/crl.pem", pem, 0644, err) &&
              (!number || cg_crl_put_next(change, "root", number, err));
    BN_free(number);
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

/* With the root's key: the entries of the last CRL, and a higher number. */
static bool make_root_crl(struct cg_change *change, const struct cg_import_request *a, X509_CRL *last, char **pem,
                          struct cg_error *err)
{
    struct cg_crl_made made = {0};
    const struct cg_crl_write_request write = {.folder = "root",
                                               .issuer = a->ca->root,
                                               .key = a->scan->root_key,
                                               .now = a->ca->options.now,
                                               .last = last,
                                               .other = ""};
    bool ok = cg_crl_write(change, &write, &made, err) && ((*pem = strdup(made.pem)) || cg_fail_memory(err));
    cg_crl_made_clear(&made);
    return ok;
}

/* The root's newest CRL as it was found. If it has expired or is missing, a new one, which needs the root's key; without that
 * none, and import warns. */
static char *root_crl(struct cg_change *change, const struct cg_import_request *a, bool *ok, struct cg_error *err)
{
    const struct cg_lint_object *best = newest_root_crl(a);
    int64_t until = 0;
    const bool is_valid = best && cg_time_seconds(X509_CRL_get0_nextUpdate(best->crl), &until) &&
                          until > a->ca->options.now;
    char *pem = NULL;
    *ok = true;
    if (a->scan->root_key && !is_valid) {
        *ok = make_root_crl(change, a, best ? best->crl : NULL, &pem, err);
    } else if (best) {
        pem = cg_crl_pem(best->crl);
        *ok = put_found_crl(change, best->crl, pem, err);
    }
    return pem;
}

/* An encrypted key stays encrypted; without a passphrase for the new file, it is copied unchanged. */
static bool put_root_key(struct cg_change *change, const struct cg_import_request *a, struct cg_error *err)
{
    struct cg_bytes bytes = {0};
    const char *encrypted = a->scan->root_key_file;
    if (a->scan->root_key && (a->passphrase || !encrypted))
        return cg_key_put(change, "root/key.pem", a->scan->root_key, a->passphrase, err);
    if (!encrypted)
        return true;
    const struct cg_file_user before = cg_owner_enter(&a->from);
    bool ok = cg_file_read(encrypted, CG_FILE_PUBLIC, KEY_LIMIT, &bytes, err);
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
    ok = ok && cg_change_put_text(change, "root/cert.pem", pem, 0644, err) && put_root_key(change, a, err);
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
              cg_change_put_text(change, "index.txt.attr", "unique_subject = no\n", 0600, err);
    if (ok)
        ok = cg_index_of_text(&index, text, len, err); /* takes text */
    else
        free(text);
    const struct cg_crl_write_request write = {.folder = "ca",
                                               .issuer = a->ca->cert,
                                               .key = a->scan->key,
                                               .index = &index,
                                               .number = a->plan->number,
                                               .now = a->ca->options.now,
                                               .other = crl ? crl : ""};
    ok = ok && cg_crl_write(change, &write, &made, err);
    cg_crl_made_clear(&made);
    cg_index_free(&index);
    return ok;
}

/* ca/cert.pem is last: it makes the folder a CA. */
bool cg_import_write(const struct cg_import_request *a, struct cg_error *err)
{
    struct cg_change change = {0};
    char *cert = cg_cert_pem(a->ca->cert), *root = cg_cert_pem(a->ca->root), *crl = NULL;
    const char *chain = cg_ca_is_two_tier(a->ca) ? cert : "";
    bool ok = cert && root && cg_change_begin(&change, a->ca, true, err) &&
              (a->key_uri ? cg_change_put_text(&change, "ca/key.uri", a->key_uri, 0600, err)
                          : cg_key_put(&change, "ca/key.pem", a->scan->key, a->passphrase, err)) &&
              put_root(&change, a, &crl, err) && put_rows(&change, a, chain, err) &&
              put_index_and_crl(&change, a, crl, err) && cg_change_put_text(&change, "chain.pem", chain, 0644, err) &&
              (!a->settings || cg_settings_put(&change, a->settings, err)) &&
              cg_change_put_text(&change, "ca.pem", root, 0644, err) &&
              cg_change_put_text(&change, "ca/cert.pem", cert, 0644, err);
    ok = cg_change_end(&change, ok, err);
    free(crl);
    free(root);
    free(cert);
    return ok;
}
