/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on what the configuration names: files, the policy with its trust and CRLs, and what the broker serves. */
#include "cli.h"
#include "core/file.h"
#include "core/name.h"
#include "doctor.h"
#include "renewal.h"
#include "served.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SOON         (90 * INT64_C(86400)) /* before the end of an anchor: a rollover takes its time */
#define FILE_LIMIT   ((size_t)256 << 20)
#define CONNECT_WAIT 5000

static void unreadable(struct cg_doctor *d, const struct cg_doctor_row *row)
{
    static const char *const keys[] = {"cafile",        "certfile",      "keyfile",         "crlfile",
                                       "password_file", "bridge_cafile", "bridge_certfile", "bridge_keyfile",
                                       "acl_file",      "psk_file"};
    for (size_t i = 0; i < d->conf.count; i++)
        for (size_t k = 0; k < CG_COUNT(keys); k++) {
            const struct cg_conf_line *line = &d->conf.item[i];
            struct cg_bytes bytes = {0};
            struct cg_error err = {""};
            if (strcmp(line->key, keys[k]) != 0)
                continue;
            if (!cg_file_read(line->value, CG_FILE_PUBLIC, FILE_LIMIT, &bytes, &err))
                cg_doctor_report(d, row, "%s:%u: %s", line->file, line->line, err.text);
            cg_bytes_wipe(&bytes);
        }
}

static void pair(struct cg_doctor *d, const struct cg_doctor_row *row)
{
    for (unsigned i = 0; i <= d->conf.listeners; i++) {
        const struct cg_conf_line *chain = cg_conf_find(&d->conf, i, "certfile");
        const struct cg_conf_line *key = cg_conf_find(&d->conf, i, "keyfile");
        struct cg_error err = {""};
        if (!chain || !key || access(chain->value, R_OK) != 0 || access(key->value, R_OK) != 0)
            continue;
        struct cg_credential *credential = cg_credential_load(chain->value, key->value, &err);
        if (!credential)
            cg_doctor_report(d, row, "%s:%u: %s", key->file, key->line, err.text);
        cg_credential_free(credential);
    }
}

static void policy(struct cg_doctor *d, const struct cg_doctor_row *row)
{
    if (d->load_error[0])
        cg_doctor_report(d, row, "%s", d->load_error);
}

static void crl_missing(struct cg_doctor *d, const struct cg_doctor_row *row)
{
    if (d->snapshot && cg_crl_set_count(cg_trust_crls(d->snapshot->trust)))
        return;
    if (!d->load_error[0])
        cg_doctor_report(d, row, "%s", d->snapshot ? d->snapshot->policy->name : d->conf.files[0]);
}

/* The CRLs between these parts of their life. */
static void crl_ages(struct cg_doctor *d, const struct cg_doctor_row *row, int64_t from, int64_t to)
{
    const struct cg_crl_set *set = d->snapshot ? cg_trust_crls(d->snapshot->trust) : NULL;
    for (size_t i = 0; set && i < cg_crl_set_count(set); i++) {
        struct cg_crl_info info;
        char end[32];
        cg_crl_set_info(set, i, &info);
        int64_t life = info.next_update - info.this_update, age = d->now - info.this_update;
        cg_time_text(info.next_update, end, sizeof end);
        if (age * 4 >= life * from && (!to || age * 4 < life * to))
            cg_doctor_report(d, row, "CRL of %s, number %s: nextUpdate %s", info.issuer, info.number, end);
    }
}

static void crl_stale(struct cg_doctor *d, const struct cg_doctor_row *row)
{
    crl_ages(d, row, 3, 4);
}

static void crl_expired(struct cg_doctor *d, const struct cg_doctor_row *row)
{
    crl_ages(d, row, 4, 0);
}

static void report_end(struct cg_doctor *d, const struct cg_doctor_row *row, const X509 *cert)
{
    char name[256], end[32];
    int64_t seconds = 0;
    cg_name_text(X509_get_subject_name(cert), name, sizeof name);
    cg_time_seconds(X509_get0_notAfter(cert), &seconds);
    cg_time_text(seconds, end, sizeof end);
    cg_doctor_report(d, row, "%s ends %s", name, end);
}

static void anchor_ends(struct cg_doctor *d, const struct cg_doctor_row *row)
{
    const STACK_OF(X509) *anchors = d->snapshot ? cg_trust_anchors(d->snapshot->trust) : NULL;
    for (int i = 0; anchors && i < sk_X509_num(anchors); i++) {
        int64_t end = 0;
        if (cg_time_seconds(X509_get0_notAfter(sk_X509_value(anchors, i)), &end) && end - d->now < SOON)
            report_end(d, row, sk_X509_value(anchors, i));
    }
}

static void credential_due(struct cg_doctor *d, const struct cg_doctor_row *row)
{
    const struct cg_credential *credential = d->snapshot ? d->snapshot->base_credential : NULL;
    int64_t due = 0;
    if (credential && cg_renewal_due(credential->leaf, &due) && due <= d->now)
        report_end(d, row, credential->leaf);
}

static void no_credential(struct cg_doctor *d, const struct cg_doctor_row *row)
{
    for (unsigned i = 0; i <= d->conf.listeners; i++)
        if (cg_conf_is_tls(&d->conf, i) && !d->load_error[0] &&
            (!d->snapshot || !cg_snapshot_credential(d->snapshot, cg_conf_port(&d->conf, i))))
            cg_doctor_report(d, row, "%s: port %u serves the broker's own files", d->conf.files[0],
                             (unsigned)cg_conf_port(&d->conf, i));
}

static void event_log(struct cg_doctor *d, const struct cg_doctor_row *row)
{
    const char *file = d->snapshot ? d->snapshot->policy->log.file : NULL;
    char folder[4096];
    if (!file || strcmp(file, "-") == 0)
        return;
    snprintf(folder, sizeof folder, "%s", file);
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = '\0';
    else
        snprintf(folder, sizeof folder, ".");
    bool exists = faccessat(AT_FDCWD, file, F_OK, AT_EACCESS) == 0;
    if (faccessat(AT_FDCWD, exists ? file : folder, exists ? W_OK : W_OK | X_OK, AT_EACCESS) != 0)
        cg_doctor_report(d, row, "%s: user %s may not write it; cure: chown %s %s", file, d->user, d->user,
                         exists ? file : folder);
}

static const X509 *on_disk(const struct cg_doctor *d, struct cg_credential **loaded)
{
    const char *colon = strrchr(d->connect, ':');
    long port = colon ? strtol(colon + 1, NULL, 10) : 8883;
    const struct cg_credential *known = d->snapshot ? cg_snapshot_credential(d->snapshot, (uint16_t)port) : NULL;
    for (unsigned i = 0; !known && !*loaded && i <= d->conf.listeners; i++) {
        const struct cg_conf_line *chain = cg_conf_find(&d->conf, i, "certfile");
        const struct cg_conf_line *key = cg_conf_find(&d->conf, i, "keyfile");
        if (chain && key && cg_conf_port(&d->conf, i) == port)
            *loaded = cg_credential_load(chain->value, key->value, NULL);
    }
    return known ? known->leaf : *loaded ? (*loaded)->leaf : NULL;
}

static void unreachable(struct cg_doctor *d, const struct cg_doctor_row *row)
{
    struct cg_error err = {""};
    X509 *served = d->connect ? cg_served_certificate(d->connect, CONNECT_WAIT, &err) : NULL;
    if (d->connect && !served)
        cg_doctor_report(d, row, "%s", err.text);
    X509_free(served);
}

static void served_other(struct cg_doctor *d, const struct cg_doctor_row *row)
{
    struct cg_credential *loaded = NULL;
    X509 *served = d->connect ? cg_served_certificate(d->connect, CONNECT_WAIT, NULL) : NULL;
    const X509 *wanted = served ? on_disk(d, &loaded) : NULL;
    char here[64], there[64];
    if (wanted && X509_cmp(served, wanted) != 0) {
        cg_serial_text(X509_get0_serialNumber(served), there, sizeof there);
        cg_serial_text(X509_get0_serialNumber(wanted), here, sizeof here);
        cg_doctor_report(d, row, "%s serves serial %s; the file holds %s", d->connect, there, here);
    }
    cg_credential_free(loaded);
    X509_free(served);
}

const struct cg_doctor_rule cg_doctor_file_rules[] = {
    {{"file_unreadable", CG_LINT_ERROR, "The broker does not start, or the listener refuses everyone.",
      "Run the command that is named; the broker reads its files as its own user."},
     unreadable},
    {{"pair_mismatched", CG_LINT_ERROR, "The broker can't serve this pair: it does not start, or stops at a reload.",
      "Put the key that belongs to the certificate there: certguard deploy NAME --to FOLDER"},
     pair},
    {{"policy_invalid", CG_LINT_ERROR, "The broker does not start with it; a running one keeps the state before.",
      "Correct what is named; docs/policy.md lists every key."},
     policy},
    {{"crl_missing", CG_LINT_WARNING, "No CRL is configured: a stolen key is good until its certificate ends.",
      "Make one and name it in trust.crls of the policy: certguard crl"},
     crl_missing},
    {{"crl_stale", CG_LINT_WARNING, "Most of the CRL's life is over, and no new one came: the refresh does not run.",
      "certguard crl, and daily from a timer: certguard crl --refresh-if 50%"},
     crl_stale},
    {{"crl_expired", CG_LINT_ERROR, "The CRL has lapsed: every client is refused.", "certguard crl"}, crl_expired},
    {{"anchor_ends", CG_LINT_WARNING, "The CA ends soon, and with it every certificate below it.",
      "Make a new CA now and let both be trusted while certificates are exchanged."},
     anchor_ends},
    {{"renewal_due", CG_LINT_WARNING, "The broker's certificate is due for renewal, and nothing renewed it.",
      "certguard renew NAME, and daily from a timer: certguard renew --all --due"},
     credential_due},
    {{"renewal_not_seen", CG_LINT_WARNING, "A renewed certificate is not picked up before somebody reloads the broker.",
      "Name chain and key in \"credential\" of the policy: certguard then takes new files by itself."},
     no_credential},
    {{"event_log_unwritable", CG_LINT_WARNING, "Events are lost.", "Run the command that is named."}, event_log},
    {{"unreachable", CG_LINT_ERROR, "Nothing answers with TLS there.",
      "Start the broker; see its log for the reason why it stopped."},
     unreachable},
    {{"served_other", CG_LINT_ERROR, "The broker serves another certificate than the file holds.",
      "The event log says why in credential_swapped and snapshot_rejected."},
     served_other},
};
const size_t cg_doctor_file_rules_count = CG_COUNT(cg_doctor_file_rules);
