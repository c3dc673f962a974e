/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "snapshot_diff.h"

#include "broker/base/noun.h"

#include "core/cert/name.h"
#include "tls/hook.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CRLS_LISTED 8

struct text {
    char bytes[1000]; /* maximum length of a detail in an event */
    size_t len;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text->bytes + text->len, sizeof text->bytes - text->len, format, args);
    va_end(args);
    size_t room = sizeof text->bytes - text->len - 1;
    text->len += n < 0 ? 0 : (size_t)n < room ? (size_t)n : room;
}

static bool same_certificates(const STACK_OF(X509) *a, const STACK_OF(X509) *b)
{
    if (sk_X509_num(a) != sk_X509_num(b))
        return false;
    for (int i = 0; i < sk_X509_num(a); i++)
        if (X509_cmp(sk_X509_value(a, i), sk_X509_value(b, i)) != 0)
            return false;
    return true;
}

static void add_certificates(struct text *text, const char *what, const STACK_OF(X509) *old, const STACK_OF(X509) *next)
{
    if (!same_certificates(old, next))
        add(text, "; %s: %d (previously %d)", what, sk_X509_num(next), sk_X509_num(old));
}

/* Finds the CRL of the same issuer, key and scope. */
static bool find_previous(const struct cg_crl_set *old, const struct cg_crl *now, struct cg_crl_info *before)
{
    const struct cg_crl *like = old ? cg_crl_set_find(old, now) : NULL;
    for (size_t i = 0; like && i < cg_crl_set_count(old); i++)
        if (cg_crl_set_at(old, i) == like) {
            cg_crl_set_info(old, i, before);
            return true;
        }
    return false;
}

static const char *number_text(const struct cg_crl_info *info)
{
    return info->number[0] ? info->number : "none";
}

/* Also lists a CRL that was issued again with the same number, since its entries may differ. */
static void add_crls(struct text *text, const struct cg_crl_set *old, const struct cg_crl_set *next)
{
    size_t listed = 0;
    for (size_t i = 0; i < cg_crl_set_count(next); i++) {
        struct cg_crl_info info, before;
        char issuer[CG_CRL_TITLE_MAX];
        cg_crl_set_info(next, i, &info);
        bool known = find_previous(old, cg_crl_set_at(next, i), &before),
             again = known && strcmp(before.number, info.number) == 0;
        if ((again && before.this_update == info.this_update && before.entries == info.entries) ||
            listed++ >= CRLS_LISTED)
            continue;
        cg_crl_info_title(&info, issuer);
        add(text, "; %sCRL of %s: number %s", known ? "" : "new ", issuer, number_text(&info));
        if (known && !again)
            add(text, " (previously %s)", number_text(&before));
        add(text, ", %zu %s", info.entries, cg_noun((int64_t)info.entries, "entry", "entries"));
        if (again)
            add(text, " (previously %zu)", before.entries);
    }
}

static void add_store(struct text *text, const char *whose, const struct cg_trust *old, const struct cg_trust *next)
{
    char what[80];
    if (old == next)
        return;
    snprintf(what, sizeof what, "trust anchors%s", whose);
    add_certificates(text, what, cg_trust_anchors(old), cg_trust_anchors(next));
    snprintf(what, sizeof what, "intermediates%s", whose);
    add_certificates(text, what, cg_trust_intermediates(old), cg_trust_intermediates(next));
    add_crls(text, cg_trust_crls(old), cg_trust_crls(next));
}

static const struct cg_credential *find_file(const struct cg_credentials *credentials, const char *file)
{
    for (size_t i = 0; i < credentials->count; i++)
        if (strcmp(credentials->item[i]->file, file) == 0)
            return credentials->item[i];
    return NULL;
}

static bool same_type(const struct cg_credential *a, const struct cg_credential *b)
{
    return strcmp(cg_credential_key_type(a), cg_credential_key_type(b)) == 0;
}

/* What one of next replaces: the credential of its file, of its key type, or the only one. NULL: nothing. */
static const struct cg_credential *find_replaced(const struct cg_credentials *old, const struct cg_credentials *next,
                                                 const struct cg_credential *one)
{
    const struct cg_credential *found = find_file(old, one->file);
    for (size_t i = 0; !found && i < old->count; i++)
        found = same_type(old->item[i], one) ? old->item[i] : NULL;
    return !found && old->count == 1 && next->count == 1 ? old->item[0] : found;
}

static void report_credential(struct cg_reporter *reporter, const struct cg_credential *replaced, bool had_others,
                              const struct cg_credential *next, uint16_t port)
{
    char before[64] = "the certfile in mosquitto.conf", now[64], detail[200];
    if (replaced && X509_cmp(replaced->leaf, next->leaf) == 0)
        return;
    if (replaced)
        cg_serial_text(X509_get0_serialNumber(replaced->leaf), before, sizeof before);
    else if (had_others)
        snprintf(before, sizeof before, "none with the key type %s", cg_credential_key_type(next));
    cg_serial_text(X509_get0_serialNumber(next->leaf), now, sizeof now);
    snprintf(detail, sizeof detail, "serial number %s (previously %s)", now, before);
    const struct cg_event event = {.type = CG_EVENT_CREDENTIAL_LOADED,
                                   .detail = detail,
                                   .certificate = next->leaf,
                                   .file = next->file,
                                   .listener = port};
    cg_reporter_write(reporter, &event);
}

/* One that a listener has from the top level is reported there. */
static void report_credentials(struct cg_reporter *reporter, const struct cg_snapshot *old,
                               const struct cg_snapshot *next, size_t section)
{
    const uint16_t port = cg_policy_section(next->policy, section)->port;
    const struct cg_credentials *before = cg_snapshot_credentials(old, port),
                                *now = cg_snapshot_credentials_of(next, section);
    for (size_t i = 0; i < now->count; i++) {
        const struct cg_credential *one = now->item[i];
        if (section == 0 || !find_file(cg_snapshot_credentials_of(next, 0), one->file))
            report_credential(reporter, find_replaced(before, now, one), before->count > 0, one, port);
    }
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Only a warning: clients with certificates may need this list. */
static void warn_of_psk(struct cg_reporter *reporter, const struct cg_policy *policy,
                        const struct cg_listener_policy *listener)
{
    char detail[400];
    bool inherited = listener->port && policy->base.tls.psk_allowed &&
                     same_text(listener->tls.ciphers, policy->base.tls.ciphers);
    if (!listener->tls.psk_allowed || inherited || cg_hook_accepts_psk(&listener->tls))
        return;
    snprintf(
        detail, sizeof detail,
        "%s: tls.psk is \"allow\", but no cipher in tls.ciphers ('%.200s') supports pre-shared keys, so clients with "
        "such a key cannot connect over TLS 1.2",
        policy->name, listener->tls.ciphers);
    const struct cg_event event = {
        .type = CG_EVENT_CONFIGURATION_WARNING,
        .detail = detail,
        .listener = listener->port,
        .fix = "Add ECDHE-PSK-CHACHA20-POLY1305 to the list, or remove ciphers from the policy",
    };
    cg_reporter_write(reporter, &event);
}

void cg_snapshot_diff_report(struct cg_reporter *reporter, const struct cg_snapshot *old,
                             const struct cg_snapshot *next)
{
    struct text text = {"", 0};
    if (next->policy_changes[0])
        add(&text, "; policy: %s", next->policy_changes);
    if (old)
        add_store(&text, "", old->trust, next->trust);
    else
        add_crls(&text, NULL, cg_trust_crls(next->trust));
    if (old && next->server_trust != next->trust)
        add_store(&text, " for the broker's own certificate", old->server_trust, next->server_trust);
    if (old && next->statements != old->statements)
        add(&text, "; statements about roots: %zu (previously %zu)", cg_statements_count(next->statements),
            cg_statements_count(old->statements));
    if (old && next->bridge_trust != next->trust)
        add_store(&text, " for bridges", old->bridge_trust, next->bridge_trust);
    const struct cg_event event = {
        .type = CG_EVENT_SNAPSHOT_LOADED,
        .detail = text.len ? text.bytes + 2 : NULL,
        .snapshot = next->number,
        .policy = next->policy->name,
        .anchors = sk_X509_num(cg_trust_anchors(next->trust)),
        .crls = (int64_t)cg_crl_set_count(cg_trust_crls(next->trust)),
    };
    cg_reporter_write(reporter, &event);
    if (!old || old->policy != next->policy) {
        warn_of_psk(reporter, next->policy, &next->policy->base);
        for (size_t i = 0; i < next->policy->nlisteners; i++)
            warn_of_psk(reporter, next->policy, &next->policy->listeners[i]);
    }
    if (!old)
        return;
    for (size_t i = 0; i <= next->policy->nlisteners; i++)
        report_credentials(reporter, old, next, i);
}
