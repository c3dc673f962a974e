/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on the policy with its trust and CRLs, and on credentials. */
#include "core/base/datetime.h"
#include "core/cert/name.h"
#include "core/cert/pem.h"
#include "core/check.h"
#include "core/file/file.h"
#include "core/snapshot_load.h"
#include "deploy/renewal.h"
#include "rules.h"

#include <stdio.h>
#include <string.h>

#define CHAIN_LIMIT ((size_t)1 << 20)
#define CHAIN_CERTS 20
#define SOON        (90 * CG_DAY) /* before the end of an anchor, because a rollover takes time */

static void policy_invalid(struct cg_doctor *d, const struct cg_rule_row *row)
{
    if (d->load_error[0])
        cg_doctor_report(d, row, "%s", d->load_error);
}

static void crl_missing(struct cg_doctor *d, const struct cg_rule_row *row)
{
    if (d->snapshot && cg_crl_set_count(cg_trust_crls(d->snapshot->trust)))
        return;
    if (!d->load_error[0])
        cg_doctor_report(d, row, "%s", d->snapshot ? d->snapshot->policy->name : d->conf.files[0]);
}

/* Reports the full CRLs, or the deltas, between two quarters of their lifetime. to 0: without an end. */
static void report_crls_of_age(struct cg_doctor *d, const struct cg_rule_row *row, bool delta, int64_t from, int64_t to)
{
    const struct cg_crl_set *set = d->snapshot ? cg_trust_crls(d->snapshot->trust) : NULL;
    for (size_t i = 0; set && i < cg_crl_set_count(set); i++) {
        struct cg_crl_info info;
        char end[32];
        cg_crl_set_info(set, i, &info);
        int64_t life = info.next_update - info.this_update, age = d->now - info.this_update;
        cg_time_text(info.next_update, end, sizeof end);
        if (info.is_delta == delta && age * 4 >= life * from && (!to || age * 4 < life * to))
            cg_doctor_report(d, row, "CRL of %s, number %s: nextUpdate is %s", info.issuer, info.number, end);
    }
}

static void crl_stale(struct cg_doctor *d, const struct cg_rule_row *row)
{
    report_crls_of_age(d, row, false, 3, 4);
    report_crls_of_age(d, row, true, 3, 4);
}

static void crl_expired(struct cg_doctor *d, const struct cg_rule_row *row)
{
    report_crls_of_age(d, row, false, 4, 0);
}

static void crl_delta_expired(struct cg_doctor *d, const struct cg_rule_row *row)
{
    report_crls_of_age(d, row, true, 4, 0);
}

/* d->snapshot was loaded without the recorded CRL numbers. This loads it with them, as the broker does at its start. */
static void crl_number_low(struct cg_doctor *d, const struct cg_rule_row *row)
{
    struct cg_error err = {""};
    enum cg_reason fault = CG_REASON_UNSET;
    if (!d->snapshot || !d->snapshot->policy->state)
        return;
    const struct cg_snapshot_source source = {.policy = d->snapshot->policy->name};
    struct cg_snapshot *started = cg_snapshot_load(&source, NULL, d->now, NULL, &fault, &err);
    if (!started && fault == CG_REASON_CRL_INVALID)
        cg_doctor_report(d, row, "%s", err.text);
    cg_snapshot_free(started);
}

static void state_missing(struct cg_doctor *d, const struct cg_rule_row *row)
{
    if (d->snapshot && !d->snapshot->policy->state && cg_crl_set_count(cg_trust_crls(d->snapshot->trust)))
        cg_doctor_report(d, row, "%s", d->snapshot->policy->name);
}

static void report_end(struct cg_doctor *d, const struct cg_rule_row *row, const X509 *cert)
{
    char name[256], end[32];
    int64_t seconds = 0;
    cg_name_text(X509_get_subject_name(cert), name, sizeof name);
    cg_time_seconds(X509_get0_notAfter(cert), &seconds);
    cg_time_text(seconds, end, sizeof end);
    cg_doctor_report(d, row, "%s ends %s", name, end);
}

static void anchor_ends(struct cg_doctor *d, const struct cg_rule_row *row)
{
    const STACK_OF(X509) *anchors = d->snapshot ? cg_trust_anchors(d->snapshot->trust) : NULL;
    for (int i = 0; anchors && i < sk_X509_num(anchors); i++) {
        int64_t end = 0;
        if (cg_time_seconds(X509_get0_notAfter(sk_X509_value(anchors, i)), &end) && end - d->now < SOON)
            report_end(d, row, sk_X509_value(anchors, i));
    }
}

static void credential_due(struct cg_doctor *d, const struct cg_rule_row *row)
{
    const struct cg_credentials *credentials = d->snapshot ? cg_snapshot_credentials_of(d->snapshot, 0) : NULL;
    int64_t overdue = 0;
    for (size_t i = 0; credentials && i < credentials->count; i++) {
        const X509 *leaf = credentials->item[i]->leaf;
        if (cg_renewal_overdue(leaf, d->now, &overdue) && overdue <= d->now)
            report_end(d, row, leaf);
    }
}

static const char *serves_own_files(const struct cg_doctor *d, unsigned listener)
{
    bool named = d->snapshot && cg_snapshot_credentials(d->snapshot, cg_conf_port(&d->conf, listener))->count;
    bool found = cg_conf_is_tls(&d->conf, listener) && !d->load_error[0] && !named;
    return found ? "serves certfile and keyfile of the broker's configuration" : NULL;
}

/* The certificates of a file. NULL: it cannot be read, which another rule reports. */
static STACK_OF(X509) *read_chain(const char *file)
{
    struct cg_bytes bytes = {0};
    STACK_OF(X509) *chain = NULL;
    if (cg_file_read(file, CG_FILE_PUBLIC, CHAIN_LIMIT, &bytes, NULL))
        cg_certificates_read(file, bytes.data, bytes.len, CHAIN_CERTS, &chain, NULL);
    cg_bytes_free(&bytes);
    return chain;
}

/* The same check as the plugin's at its start and in each handshake. A credential in the policy is checked at load. */
static void own_rejected(struct cg_doctor *d, const struct cg_rule_row *row)
{
    for (unsigned i = 0; d->snapshot && i <= d->conf.listeners; i++) {
        const struct cg_conf_line *file = cg_conf_find(&d->conf, i, "certfile");
        uint16_t port = cg_conf_port(&d->conf, i);
        if (!cg_conf_is_tls(&d->conf, i) || cg_snapshot_credentials(d->snapshot, port)->count)
            continue;
        STACK_OF(X509) *sent = read_chain(file->value);
        X509 *leaf = sent ? sk_X509_shift(sent) : NULL;
        struct cg_verdict verdict;
        const struct cg_check_input in = {.profile = &cg_doctor_policy(d, i)->server,
                                          .trust = d->snapshot->server_trust,
                                          .purpose = CG_PURPOSE_SERVER,
                                          .leaf = leaf,
                                          .sent = sent,
                                          .now = d->now};
        cg_check(&in, &verdict);
        if (leaf && verdict.decision != CG_ACCEPT)
            cg_doctor_report(d, row, "%s:%u: %s: %s; %s", file->file, file->line, cg_reason_row(verdict.reason)->code,
                             verdict.detail, cg_reason_fix(verdict.reason, CG_OF_BROKER));
        cg_verdict_clear(&verdict);
        X509_free(leaf);
        sk_X509_pop_free(sent, X509_free);
    }
}

static const struct cg_doctor_rule rules[] = {
    {{"policy_invalid", CG_LINT_ERROR, "",
      "The broker does not start with this policy and its files. A running broker keeps using the previous ones.",
      "Correct the error that the finding shows. certguard-policy(5) lists all keys."},
     .check = policy_invalid},
    {{"certfile_refused", CG_LINT_ERROR, "",
      "The policy rejects the broker's own certificate. The broker does not start, or serves no client with it.",
      "Apply the fix that the finding shows, then check again with: certguard doctor"},
     .check = own_rejected},
    {{"crl_missing", CG_LINT_WARNING, "", "No CRL is configured. A stolen key can be used until its certificate ends.",
      "Create one (certguard crl) and name it in trust.crls of the policy, together with a CRL of every other trusted "
      "CA. Clients of a CA without a CRL would be refused."},
     .check = crl_missing},
    {{"crl_stale", CG_LINT_WARNING, "",
      "Most of the CRL's lifetime has passed without a new CRL. The refresh does not run.",
      "Run: certguard crl. To refresh it from a timer, run: certguard install-units"},
     .check = crl_stale},
    {{"crl_expired", CG_LINT_ERROR, "", "The CRL has expired. Every client is refused.", "Run: certguard crl"},
     .check = crl_expired},
    {{"crl_delta_expired", CG_LINT_WARNING, "",
      "The delta CRL has expired. Its full CRL stays in use, so new revocations take effect only with the next full "
      "CRL.",
      "Get the newest delta CRL from the CA, or have the CA publish full CRLs more often and no delta CRLs."},
     .check = crl_delta_expired},
    {{"crl_number_low", CG_LINT_ERROR, "",
      "The broker has used a newer CRL and rejects this one. It does not start, or keeps using the newer one.",
      "Install the newest CRL of the CA. If the CA was restored from a backup, revoke again what was revoked since "
      "then. Then create a CRL with a number above the higher of the two (crl --above NUMBER). For the CRL of a root "
      "that has an intermediate, add --root."},
     .check = crl_number_low},
    {{"state_missing", CG_LINT_NOTICE, "", "After a restart, the broker accepts an older CRL as the newest.",
      "Name a folder in \"state\" of the policy, for example /var/lib/mosquitto/certguard."},
     .check = state_missing},
    {{"anchor_ends", CG_LINT_WARNING, "", "The CA ends soon, and with it every certificate below it.",
      "Create a new CA now, and trust both while the certificates are replaced."},
     .check = anchor_ends},
    {{"renewal_due", CG_LINT_WARNING, "", "The broker's certificate is due for renewal but was not renewed.",
      "Run: certguard renew NAME. To renew from a timer, run: certguard install-units"},
     .check = credential_due},
    {{"renewal_not_seen", CG_LINT_WARNING, "", "A renewed certificate is not used until somebody reloads the broker.",
      "Name chain and key in \"credential\" of the policy. certguard then loads new files automatically."},
     .listener = serves_own_files},
};
const struct cg_doctor_rules cg_doctor_file_rules = {rules, CG_COUNT(rules)};
