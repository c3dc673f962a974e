/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "issue.h"
#include "base/failure.h"
#include "core/cert/name.h"
#include "core/file/file.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHAIN_LIMIT ((size_t)1 << 20)

void cg_date_text(const ASN1_TIME *time, char out[24])
{
    int64_t seconds = 0;
    out[0] = '\0';
    if (cg_time_seconds(time, &seconds))
        cg_time_text(seconds, out, 24);
}

/* One walk: serial numbers in use, and keys that are not certified. */
static bool collect(struct cg_issuer *issuer, struct cg_error *err)
{
    struct cg_index_row row;
    bool ok = cg_key_bans_open(&issuer->bans, issuer->ca, err);
    while (ok && cg_index_next(&issuer->index, &row, err))
        ok = cg_key_bans_add_row(&issuer->bans, issuer->ca, &row, err) &&
             ((cg_serials_add(&issuer->serials, row.serial) &&
               (row.status != 'R' || cg_serials_add(&issuer->revoked, row.serial))) ||
              cg_fail_memory(err));
    cg_key_bans_close(&issuer->bans);
    return ok && !issuer->index.is_damaged;
}

void cg_issuer_note_written(struct cg_issuer *issuer)
{
    char path[PATH_MAX];
    cg_file_state_read(cg_ca_path(issuer->ca, path, "index.txt"), &issuer->read);
}

static bool load_index(struct cg_issuer *issuer, struct cg_error *err)
{
    cg_issuer_note_written(issuer);
    return cg_index_load(&issuer->index, issuer->ca, err) && collect(issuer, err);
}

static void free_index(struct cg_issuer *issuer)
{
    cg_index_free(&issuer->index);
    cg_serials_free(&issuer->serials);
    cg_serials_free(&issuer->revoked);
    cg_key_bans_free(&issuer->bans);
}

/* Exactly the certificates from the issuing CA up to below the root, all of them readable. */
static bool is_chain(const struct cg_ca *ca, const char *pem, size_t len)
{
    X509 *below = X509_dup(ca->cert), *next = NULL;
    BIO *bio = BIO_new_mem_buf(pem, (int)len);
    bool ok = below && bio && (next = PEM_read_bio_X509(bio, NULL, NULL, NULL)) && X509_cmp(next, below) == 0;
    X509_free(next);
    while (ok && (next = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
        ok = X509_verify(below, X509_get0_pubkey(next)) == 1;
        X509_free(below);
        below = next;
    }
    /* the end of the file, not a damaged certificate */
    ok = ok && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE &&
         X509_verify(below, X509_get0_pubkey(ca->root)) == 1;
    X509_free(below);
    BIO_free(bio);
    ERR_clear_error();
    return ok;
}

/* The chain for every generation. If the root issued this CA, it is known without the file, which may be lost or damaged:
 * with a wrong chain a broker would not start, or would refuse its clients. */
static bool set_chain(struct cg_issuer *issuer, const struct cg_bytes *found, struct cg_error *err)
{
    const struct cg_ca *ca = issuer->ca;
    const char *file = (const char *)found->data;
    const bool is_direct = cg_ca_is_two_tier(ca) && X509_verify(ca->cert, X509_get0_pubkey(ca->root)) == 1;
    const bool is_exact = is_direct || !cg_ca_is_two_tier(ca);
    ERR_clear_error();
    if (!is_exact && (!file || !is_chain(ca, file, found->len)))
        return cg_fail_text(
            err,
            "%s/chain.pem is not the chain from the issuing CA up to below the root. Restore it from a backup, or "
            "build it from these certificates: ca/cert.pem, then the issuer of each one",
            ca->dir);
    issuer->chain = is_direct ? cg_cert_pem(ca->cert) : strdup(is_exact ? "" : file);
    issuer->chain_is_new = issuer->chain && (!file || strcmp(issuer->chain, file) != 0);
    return issuer->chain || cg_fail_memory(err);
}

static bool read_chain(struct cg_issuer *issuer, struct cg_error *err)
{
    char path[PATH_MAX];
    struct cg_bytes found = {0};
    if (!cg_file_read(cg_ca_path(issuer->ca, path, "chain.pem"), CG_FILE_PUBLIC, CHAIN_LIMIT, &found, NULL))
        found = (struct cg_bytes){0};
    bool ok = set_chain(issuer, &found, err);
    cg_bytes_free(&found);
    return ok;
}

bool cg_issuer_prepare(struct cg_issuer *issuer, const struct cg_ca *ca, struct cg_error *err)
{
    int64_t until = 0;
    *issuer = (struct cg_issuer){.ca = ca, .now = ca->options.now};
    if (!cg_time_seconds(X509_get0_notAfter(ca->cert), &until) || until <= issuer->now) {
        char end[24];
        cg_date_text(X509_get0_notAfter(ca->cert), end);
        return cg_fail_text(err, "the CA's own certificate expired at %s. Make a new CA in another folder with init",
                            end);
    }
    return cg_settings_load(&issuer->settings, ca->dir, err) && load_index(issuer, err) &&
           cg_ca_checker_open(&issuer->checker, ca, err) && read_chain(issuer, err);
}

bool cg_issuer_open_key(struct cg_issuer *issuer, struct cg_error *err)
{
    if (!issuer->key)
        issuer->key = cg_key_of_ca(issuer->ca, "ca", issuer->ca->cert, err);
    return issuer->key;
}

bool cg_issuer_open(struct cg_issuer *issuer, const struct cg_ca *ca, struct cg_error *err)
{
    return cg_issuer_prepare(issuer, ca, err) && cg_issuer_open_key(issuer, err);
}

bool cg_issuer_refresh(struct cg_issuer *issuer, struct cg_error *err)
{
    const struct cg_file_state read = issuer->read;
    cg_settings_free(&issuer->settings);
    if (!cg_settings_load(&issuer->settings, issuer->ca->dir, err))
        return false;
    cg_issuer_note_written(issuer);
    if (cg_file_state_same(&issuer->read, &read))
        return true;
    free_index(issuer);
    return load_index(issuer, err);
}

void cg_issuer_close(struct cg_issuer *issuer)
{
    EVP_PKEY_free(issuer->key);
    cg_ca_checker_close(&issuer->checker);
    cg_settings_free(&issuer->settings);
    free_index(issuer);
    free(issuer->chain);
    *issuer = (struct cg_issuer){0};
}

void cg_issued_clear(struct cg_issued *issued)
{
    X509_free(issued->cert);
    free(issued->pem);
    *issued = (struct cg_issued){0};
}

void cg_issue_place(const struct cg_ca *ca, struct cg_issue_request *issue)
{
    char live[CG_NAME_MAX + 16];
    snprintf(live, sizeof live, "live/%s", issue->name);
    issue->generation = cg_ca_generation(ca, issue->name) + 1;
    issue->is_live = cg_ca_has(ca, live);
}

static bool serial_text(const X509 *cert, char *out, size_t size)
{
    char *hex = cg_index_serial(X509_get0_serialNumber(cert));
    if (hex)
        snprintf(out, size, "%s", hex);
    OPENSSL_free(hex);
    return hex;
}

bool cg_issue_make(const struct cg_issuer *issuer, const struct cg_issue_request *issue, struct cg_issued *issued,
                   struct cg_error *err)
{
    struct cg_certificate_request request = issue->request;
    request.now = issuer->now;
    *issued = (struct cg_issued){0};
    if (!cg_key_bans_allow(&issuer->bans, request.key, err))
        return false;
    do {
        cg_issued_clear(issued);
        issued->cert = cg_sign_certificate(&request, issuer->ca->cert, issuer->key, &issued->shortened, err);
        if (!issued->cert || !serial_text(issued->cert, issued->serial, sizeof issued->serial))
            return false;
    } while (cg_serials_has(&issuer->serials, issued->serial));
    if (!(issued->pem = cg_cert_pem(issued->cert)))
        return cg_fail_memory(err);
    if (cg_ca_checker_accepts(&issuer->checker, request.profile, issued->cert, issuer->now, err))
        return true;
    cg_issued_clear(issued);
    return false;
}

static bool stage_key(const struct cg_change *change, const struct cg_issue_request *issue, struct cg_error *err)
{
    char staged[64], *pem = NULL;
    size_t len = 0;
    snprintf(staged, sizeof staged, "generation-%u/privkey.pem", issue->slot);
    bool ok = cg_key_pem(issue->request.key, NULL, &pem, &len, err) &&
              cg_change_stage_file(change, staged, pem, len, 0600, err);
    OPENSSL_clear_free(pem, len);
    return ok;
}

static bool stage_successor(const struct cg_change *change, const struct cg_issue_request *issue, struct cg_error *err)
{
    char staged[64];
    snprintf(staged, sizeof staged, "generation-%u/" CG_SUCCESSOR_FILE, issue->slot);
    cJSON *json = cg_successor_json(issue->successor);
    char *text = cJSON_PrintUnformatted(json);
    bool ok = text ? cg_change_stage_file(change, staged, text, strlen(text), 0644, err) : cg_fail_memory(err);
    cJSON_free(text);
    cJSON_Delete(json);
    return ok;
}

static bool stage_link(const struct cg_change *change, const struct cg_issue_request *issue, struct cg_error *err)
{
    char staged[32];
    struct cg_live_link link;
    cg_ca_live_link(change->ca, issue->name, issue->generation, &link);
    snprintf(staged, sizeof staged, "live-%u", issue->slot);
    return cg_ca_live_ok(change->ca, issue->name, err) && cg_change_stage_link(change, staged, link.to, err);
}

bool cg_issue_stage(const struct cg_issuer *issuer, const struct cg_change *change,
                    const struct cg_issue_request *issue, const struct cg_issued *issued, struct cg_error *err)
{
    char folder[32], full[32 + 16], *fullchain = NULL;
    snprintf(folder, sizeof folder, "generation-%u", issue->slot);
    if (asprintf(&fullchain, "%s%s", issued->pem, issuer->chain) < 0)
        return cg_fail_memory(err);
    const struct {
        const char *name, *text;
    } files[] = {{"cert.pem", issued->pem}, {"chain.pem", issuer->chain}, {"fullchain.pem", fullchain}};
    bool ok = cg_change_stage_folder(change, folder, 0700, err);
    for (size_t i = 0; ok && i < sizeof files / sizeof files[0]; i++) {
        snprintf(full, sizeof full, "%s/%s", folder, files[i].name);
        ok = cg_change_stage_file(change, full, files[i].text, strlen(files[i].text), 0644, err);
    }
    ok = ok && (!issue->private_key || stage_key(change, issue, err)) &&
         (!issue->successor || stage_successor(change, issue, err)) && stage_link(change, issue, err);
    free(fullchain);
    return ok;
}

static void add_predecessor(cJSON *entry, const struct cg_issue_request *issue)
{
    char serial[64];
    cJSON_AddStringToObject(entry, "renewal", issue->successor->id);
    if (serial_text(issue->predecessor, serial, sizeof serial))
        cJSON_AddStringToObject(entry, "predecessor", serial);
}

static bool record_lines(struct cg_change *change, const struct cg_issue_request *issue, const struct cg_issued *issued,
                         const char *file, struct cg_error *err)
{
    char *line = cg_index_line(issued->cert, file);
    cJSON *entry = cg_issued_json(issue, issued);
    cJSON_ReplaceItemInObjectCaseSensitive(entry, "serial", cJSON_CreateString(issued->serial)); /* as in the index */
    if (issue->successor)
        add_predecessor(entry, issue);
    bool ok = line ? cg_change_index_line(change, line, err) : cg_fail_memory(err);
    if (ok)
        ok = cg_change_journal(change, "issued", entry, err);
    else
        cJSON_Delete(entry);
    free(line);
    return ok;
}

bool cg_issue_record(struct cg_change *change, const struct cg_issue_request *issue, const struct cg_issued *issued,
                     struct cg_error *err)
{
    char staged[32], file[CG_NAME_MAX + 32];
    struct cg_live_link link;
    snprintf(staged, sizeof staged, "generation-%u", issue->slot);
    snprintf(file, sizeof file, "archive/%s/%04u", issue->name, issue->generation);
    if (!record_lines(change, issue, issued, file, err) || !cg_change_move(change, staged, file, err))
        return false;
    cg_ca_live_link(change->ca, issue->name, issue->generation, &link);
    snprintf(staged, sizeof staged, "live-%u", issue->slot);
    return cg_change_move(change, staged, link.at, err);
}

bool cg_issue_write(const struct cg_issuer *issuer, const struct cg_issue_request *issue,
                    const struct cg_issued *issued, struct cg_error *err)
{
    struct cg_change change;
    bool ok = cg_change_begin(&change, issuer->ca, false, err) && cg_issue_stage(issuer, &change, issue, issued, err) &&
              cg_issue_record(&change, issue, issued, err) &&
              (!issue->settings || cg_settings_put(&change, issue->settings, err)) &&
              (!issuer->chain_is_new || cg_change_put_text(&change, "chain.pem", issuer->chain, 0644, err));
    return cg_change_end(&change, ok, err);
}

cJSON *cg_issued_json(const struct cg_issue_request *issue, const struct cg_issued *issued)
{
    char text[512], sha256[CG_HEX_MAX], serial[CG_SERIAL_TEXT_MAX];
    cJSON *object = cg_json_of("name", issue->name, "profile", issue->request.profile->name, "serial",
                               cg_index_serial_text(issued->serial, serial));
    cg_name_text(X509_get_subject_name(issued->cert), text, sizeof text);
    cJSON_AddStringToObject(object, "subject", text);
    cg_date_text(X509_get0_notBefore(issued->cert), text);
    cJSON_AddStringToObject(object, "not_before", text);
    cg_date_text(X509_get0_notAfter(issued->cert), text);
    cJSON_AddStringToObject(object, "not_after", text);
    if (cg_sha256_text(issued->cert, sha256))
        cJSON_AddStringToObject(object, "sha256", sha256);
    snprintf(text, sizeof text, "archive/%s/%04u", issue->name, issue->generation);
    cJSON_AddStringToObject(object, "folder", text);
    return object;
}
