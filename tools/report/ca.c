/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ca.h"

#include "base/array.h"
#include "core/base/datetime.h"
#include "core/cert/name.h"
#include "core/file/file.h"
#include "core/snapshot_load.h"
#include "renewal.h"
#include "store/index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HORIZON   (CG_REPORT_WEEKS * 7 * CG_DAY)
#define LOOK_BACK (60 * CG_DAY)  /* certificates that expired earlier are not in use any more */
#define CA_WATCH  (365 * CG_DAY) /* a new CA must reach every device before the old one expires */
#define CA_ACT    (90 * CG_DAY)
#define SHOWN_MAX 12

static void end_words(int64_t end, int64_t now, char *out, size_t size)
{
    char date[24];
    const int64_t days = (end - now) / CG_DAY;
    cg_time_text(end, date, sizeof date);
    if (end < now)
        snprintf(out, size, "expired on %.10s", date);
    else
        snprintf(out, size, "until %.10s, %lld day%s left", date, (long long)days, days == 1 ? "" : "s");
}

static void add_certificate(struct cg_report *report, const char *whose, const char *what, const X509 *cert,
                            int64_t watch, int64_t act, const char *fix)
{
    char subject[256] = "", words[80];
    int64_t end = 0;
    if (!cg_time_seconds(X509_get0_notAfter(cert), &end))
        return;
    const int64_t left = end - report->now;
    struct cg_health *health = cg_report_health(&report->health, left < act     ? CG_HEALTH_ACT
                                                                 : left < watch ? CG_HEALTH_WATCH
                                                                                : CG_HEALTH_GOOD);
    cg_name_text(X509_get_subject_name(cert), subject, sizeof subject);
    end_words(end, report->now, words, sizeof words);
    snprintf(health->what, sizeof health->what, "%s: %s", whose, what);
    snprintf(health->detail, sizeof health->detail, "%s: %s", subject, words);
    if (health->state != CG_HEALTH_GOOD)
        snprintf(health->fix, sizeof health->fix, "%s", fix);
}

static void add_crls(struct cg_report *report, const char *whose, const struct cg_crl_set *crls)
{
    for (size_t i = 0; i < cg_crl_set_count(crls) && i < SHOWN_MAX; i++) {
        struct cg_crl_info info;
        char words[80];
        cg_crl_set_info(crls, i, &info);
        const int64_t left = info.next_update - report->now, life = info.next_update - info.this_update;
        struct cg_health *health = cg_report_health(&report->health, left < 0          ? CG_HEALTH_ACT
                                                                     : left < life / 4 ? CG_HEALTH_WATCH
                                                                                       : CG_HEALTH_GOOD);
        end_words(info.next_update, report->now, words, sizeof words);
        snprintf(health->what, sizeof health->what, "%s: CRL of %.100s", whose, info.issuer);
        snprintf(health->detail, sizeof health->detail, "number %s, %zu revoked, %s", info.number, info.entries, words);
        if (health->state != CG_HEALTH_GOOD)
            snprintf(health->fix, sizeof health->fix, "certguard crl");
    }
}

static void add_fault(struct cg_report *report, const char *what, const struct cg_error *fault)
{
    struct cg_health *health = cg_report_health(&report->health, CG_HEALTH_ACT);
    snprintf(health->what, sizeof health->what, "%s", what);
    snprintf(health->detail, sizeof health->detail, "%.399s", fault->text);
}

static void add_trust(struct cg_report *report, const char *whose, const struct cg_trust *trust)
{
    const STACK_OF(X509) *anchors = cg_trust_anchors(trust), *between = cg_trust_intermediates(trust);
    for (int i = 0; i < sk_X509_num(anchors) && i < SHOWN_MAX; i++)
        add_certificate(report, whose, "trust anchor", sk_X509_value(anchors, i), CA_WATCH, CA_ACT,
                        "Create a new CA, and copy its certificate to all brokers and devices");
    for (int i = 0; i < sk_X509_num(between) && i < SHOWN_MAX; i++)
        add_certificate(report, whose, "intermediate CA", sk_X509_value(between, i), CA_WATCH, CA_ACT,
                        "Create a new intermediate CA before this one expires");
    add_crls(report, whose, cg_trust_crls(trust));
}

/* Of archive/NAME/GENERATION only the newest generation is in use. */
static bool in_use(const struct cg_ca *ca, const struct cg_index_row *row, const char *name)
{
    const char *slash = strrchr(row->file, '/');
    if (strncmp(row->file, "archive/", 8) != 0 || !slash)
        return true;
    return strtoul(slash + 1, NULL, 10) >= cg_ca_generation(ca, name);
}

static bool forecast(struct cg_report *report, const struct cg_ca *ca, struct cg_error *err)
{
    struct cg_index index = {0};
    struct cg_index_row row;
    struct cg_error fault = {""};
    char name[CG_NAME_MAX + 1], command[CG_NAME_MAX + 32];
    if (!cg_index_load(&index, ca, err))
        return false;
    report->issued.known = true;
    while (cg_index_next(&index, &row, &fault)) {
        if (row.status == 'R' || row.expires < report->now - LOOK_BACK)
            continue;
        cg_index_row_name(&row, name);
        if (row.expires < report->now + HORIZON && !in_use(ca, &row, name))
            continue;
        bool plain = cg_ca_name_valid(name, NULL);
        snprintf(command, sizeof command, "certguard renew %s", plain ? name : "NAME");
        cg_forecast_add(&report->issued, report->now, row.expires, *name ? name : row.subject, command);
    }
    cg_index_free(&index);
    if (*fault.text)
        *err = fault;
    return !*fault.text;
}

static void add_ca_crl(struct cg_report *report, const struct cg_ca *ca)
{
    char path[PATH_MAX];
    struct cg_error fault = {""};
    struct cg_bytes crl = {NULL, 0};
    const X509 *const certs[] = {ca->root, ca->cert};
    struct cg_trust *trust = cg_trust_new();
    bool ok = trust != NULL;
    for (size_t i = 0; ok && i < CG_COUNT(certs); i++) {
        unsigned char *der = NULL;
        int len = certs[i] ? i2d_X509(certs[i], &der) : 0;
        if (len > 0 && (i == 0 || certs[1] != certs[0]))
            ok = i == 0 ? cg_trust_add_anchors(trust, "ca", der, (size_t)len, &fault)
                        : cg_trust_add_intermediates(trust, "ca", der, (size_t)len, &fault);
        OPENSSL_free(der);
    }
    ok = ok && cg_file_read(cg_ca_path(ca, path, "crl.pem"), CG_FILE_PUBLIC, (size_t)1 << 30, &crl, &fault) &&
         cg_trust_add_crls(trust, path, crl.data, crl.len, &fault);
    if (trust)
        add_trust(report, "CA", trust);
    if (!ok)
        add_fault(report, "CA: CRL", &fault);
    cg_bytes_free(&crl);
    cg_trust_free(trust);
}

bool cg_report_ca(struct cg_report *report, const struct cg_ca *ca, struct cg_error *err)
{
    if (!forecast(report, ca, err) || !cg_report_renewals(report, ca, err))
        return false;
    add_ca_crl(report, ca);
    return true;
}

/* A listener may serve several: one of each key type. */
static void add_credentials(struct cg_report *report, const struct cg_credentials *credentials)
{
    for (size_t i = 0; i < credentials->count; i++) {
        const struct cg_credential *credential = credentials->item[i];
        char what[64] = "its certificate";
        if (credentials->count > 1)
            snprintf(what, sizeof what, "its %s certificate", cg_credential_key_type(credential));
        add_certificate(report, "Broker", what, credential->leaf, 30 * CG_DAY, 7 * CG_DAY, "certguard rotate NAME");
    }
}

void cg_report_policy_files(struct cg_report *report, const struct cg_policy *policy)
{
    struct cg_error fault = {""};
    const struct cg_snapshot_source files = {.policy = policy->name, .without_state = true};
    struct cg_snapshot *snapshot = cg_snapshot_load(&files, NULL, report->now, NULL, NULL, &fault);
    if (!snapshot) {
        add_fault(report, "Broker: the files of its policy do not load", &fault);
        return;
    }
    add_trust(report, "Broker", snapshot->trust);
    if (snapshot->server_trust != snapshot->trust)
        add_trust(report, "Broker certificate", snapshot->server_trust);
    for (size_t i = 0; i <= snapshot->policy->nlisteners; i++)
        add_credentials(report, cg_snapshot_credentials_of(snapshot, i));
    cg_snapshot_free(snapshot);
}
