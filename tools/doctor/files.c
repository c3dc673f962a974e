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
#define SOON        (90 * CG_DAY) /* before the end of an anchor: a rollover takes its time */

static void policy(struct cg_doctor *d, const struct cg_rule_row *row)
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

/* The CRLs between these parts of their life. */
static void crl_ages(struct cg_doctor *d, const struct cg_rule_row *row, int64_t from, int64_t to)
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

static void crl_stale(struct cg_doctor *d, const struct cg_rule_row *row)
{
    crl_ages(d, row, 3, 4);
}

static void crl_expired(struct cg_doctor *d, const struct cg_rule_row *row)
{
    crl_ages(d, row, 4, 0);
}

/* The CRLs as such are good: what the broker says of them when it starts is that it has used newer ones. */
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
    const struct cg_credential *credential = d->snapshot ? d->snapshot->base_credential : NULL;
    int64_t overdue = 0;
    if (credential && cg_renewal_overdue(credential->leaf, d->now, &overdue) && overdue <= d->now)
        report_end(d, row, credential->leaf);
}

static void no_credential(struct cg_doctor *d, const struct cg_rule_row *row)
{
    for (unsigned i = 0; i <= d->conf.listeners; i++)
        if (cg_conf_is_tls(&d->conf, i) && !d->load_error[0] &&
            (!d->snapshot || !cg_snapshot_credential(d->snapshot, cg_conf_port(&d->conf, i))))
            cg_doctor_report(d, row, "%s: port %u serves the broker's own files", d->conf.files[0],
                             (unsigned)cg_conf_port(&d->conf, i));
}

/* The certificates of a file, as far as they can be read: other rules say what is wrong with it. */
static STACK_OF(X509) *read_chain(const char *file)
{
    struct cg_bytes bytes = {0};
    STACK_OF(X509) *chain = NULL;
    if (cg_file_read(file, CG_FILE_PUBLIC, CHAIN_LIMIT, &bytes, NULL))
        cg_certificates_read(file, bytes.data, bytes.len, CHAIN_CERTS, &chain, NULL);
    cg_bytes_free(&bytes);
    return chain;
}

/* As the plugin does at the start and at each handshake; what the policy names is looked at when the policy is loaded. */
static void own_refused(struct cg_doctor *d, const struct cg_rule_row *row)
{
    for (unsigned i = 0; d->snapshot && i <= d->conf.listeners; i++) {
        const struct cg_conf_line *file = cg_conf_find(&d->conf, i, "certfile");
        uint16_t port = cg_conf_port(&d->conf, i);
        if (!cg_conf_is_tls(&d->conf, i) || cg_snapshot_credential(d->snapshot, port))
            continue;
        STACK_OF(X509) *sent = read_chain(file->value);
        X509 *leaf = sent ? sk_X509_shift(sent) : NULL;
        struct cg_verdict verdict;
        const struct cg_check_input in = {.profile = &cg_policy_listener(d->snapshot->policy, port)->server,
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
    {{"policy_invalid", CG_LINT_ERROR, "", "The broker does not start with it; a running one keeps the state before.",
      "Correct what is named; certguard-policy(5) lists every key."},
     .look = policy},
    {{"certfile_refused", CG_LINT_ERROR, "",
      "The policy refuses the broker's own certificate: the broker does not start, or serves nobody with it.",
      "Do what is named, then look again with: certguard doctor"},
     .look = own_refused},
    {{"crl_missing", CG_LINT_WARNING, "", "No CRL is configured: a stolen key is good until its certificate ends.",
      "Make one (certguard crl) and name it in trust.crls of the policy, with one of every other CA of the trust: "
      "clients of a CA without one would be refused."},
     .look = crl_missing},
    {{"crl_stale", CG_LINT_WARNING, "",
      "Most of the CRL's life is over, and no new one came: the refresh does not run.",
      "certguard crl, and daily from a timer: certguard crl --refresh-if 50%"},
     .look = crl_stale},
    {{"crl_expired", CG_LINT_ERROR, "", "The CRL has lapsed: every client is refused.", "certguard crl"},
     .look = crl_expired},
    {{"crl_number_low", CG_LINT_ERROR, "",
      "The broker refuses this CRL, for it has used a newer one: it does not start, or goes on with that one.",
      "Put the newest CRL of the CA there. Of a CA that was restored from a backup: revoke again what was revoked "
      "since, then make a CRL above the higher of the two numbers (crl --above), with --root for that of a root that "
      "has an intermediate."},
     .look = crl_number_low},
    {{"state_missing", CG_LINT_NOTICE, "", "After a restart of the broker an older CRL is taken for the newest.",
      "Name a folder in \"state\" of the policy, such as /var/lib/mosquitto/certguard."},
     .look = state_missing},
    {{"anchor_ends", CG_LINT_WARNING, "", "The CA ends soon, and with it every certificate below it.",
      "Make a new CA now and let both be trusted while certificates are exchanged."},
     .look = anchor_ends},
    {{"renewal_due", CG_LINT_WARNING, "", "The broker's certificate is due for renewal, and nothing renewed it.",
      "certguard renew NAME, and daily from a timer: certguard renew --all --due"},
     .look = credential_due},
    {{"renewal_not_seen", CG_LINT_WARNING, "",
      "A renewed certificate is not picked up before somebody reloads the broker.",
      "Name chain and key in \"credential\" of the policy: certguard then takes new files by itself."},
     .look = no_credential},
};
const struct cg_doctor_rules cg_doctor_file_rules = {rules, CG_COUNT(rules)};
