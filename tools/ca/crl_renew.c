/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "crl_renew.h"
#include "core/cert/name.h"
#include "key.h"
#include "store/clock.h"
#include "store/restore.h"
#include "store/revoked.h"

static bool is_copy(const struct cg_ca *ca, const char *file, X509 *issuer, X509_CRL *crl)
{
    char path[PATH_MAX];
    X509_CRL *copy = cg_crl_of(cg_ca_path(ca, path, "%s", file), issuer);
    bool same = copy && X509_CRL_match(crl, copy) == 0;
    X509_CRL_free(copy);
    return same;
}

bool cg_crl_is_due(const struct cg_ca *ca, bool root, unsigned percent)
{
    const char *folder = root ? "root" : "ca";
    X509 *issuer = root ? ca->root : ca->cert;
    const int64_t now = ca->options.now;
    char path[PATH_MAX];
    int64_t start = 0, end = 0;
    X509_CRL *crl = cg_crl_of(cg_ca_path(ca, path, "%s/crl.pem", folder), issuer);
    bool known = crl && is_copy(ca, "crl.pem", issuer, crl) &&
                 (issuer != ca->cert || is_copy(ca, "crl.der", issuer, crl)) &&
                 cg_time_seconds(X509_CRL_get0_lastUpdate(crl), &start) &&
                 cg_time_seconds(X509_CRL_get0_nextUpdate(crl), &end) && end > start;
    X509_CRL_free(crl);
    return !known || start > now || now - start >= (end - start) * percent / 100;
}

static bool restore(struct cg_change *change, struct cg_index *index, size_t *restored, struct cg_error *err)
{
    return cg_index_restore(change->ca, index, restored, err) &&
           cg_change_put(change, "index.txt", index->text, index->len, 0600, err) &&
           cg_change_journal(change, "restored the index", cJSON_CreateObject(), err);
}

bool cg_crl_renew(const struct cg_ca *ca, const struct cg_crl_request *request, struct cg_crl_renewed *renewed,
                  struct cg_error *err)
{
    struct cg_change change = {0};
    struct cg_index index = {0};
    X509 *issuer = request->root ? ca->root : ca->cert;
    struct cg_crl_write_request write = {.folder = request->root ? "root" : "ca",
                                         .issuer = issuer,
                                         .index = request->root ? NULL : &index,
                                         .now = ca->options.now,
                                         .above = request->above,
                                         .lifetime = request->lifetime};
    *renewed = (struct cg_crl_renewed){.restored = 0};
    bool ok = (write.key = cg_key_of_ca(ca, write.folder, issuer, err)) && cg_index_load(&index, ca, err) &&
              cg_change_begin(&change, ca, false, err) &&
              (!request->restore_index || restore(&change, &index, &renewed->restored, err)) &&
              (!ca->clock_set || cg_change_journal(&change, CG_CLOCK_SET_BACK, cJSON_CreateObject(), err)) &&
              (!request->settings || cg_settings_put(&change, request->settings, err)) &&
              cg_crl_write(&change, &write, &renewed->made, err);
    ok = cg_change_end(&change, ok, err);
    cg_index_free(&index);
    EVP_PKEY_free(write.key);
    return ok;
}
