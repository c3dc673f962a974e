/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "snapshot_diff.h"

#include "broker/base/plural.h"

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

static void add_certificates(struct text *text, const char *what, const STACK_OF(X509) *old, const STACK_OF(X509) *new)
{
    if (!same_certificates(old, new))
        add(text, "; %s: %d (previously %d)", what, sk_X509_num(new), sk_X509_num(old));
}

/* Finds the CRL of the same issuer, key and scope. */
static bool find_previous(const struct cg_crl_set *old, const struct cg_crl *now, struct cg_crl_info *before)
{
    const struct cg_crl *like = old ? cg_crl_set_like(old, now) : NULL;
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
static void add_crls(struct text *text, const struct cg_crl_set *old, const struct cg_crl_set *new)
{
    size_t listed = 0;
    for (size_t i = 0; i < cg_crl_set_count(new); i++) {
        struct cg_crl_info info, before;
        char issuer[CG_CRL_TITLE_MAX];
        cg_crl_set_info(new, i, &info);
        bool known = find_previous(old, cg_crl_set_at(new, i), &before),
             again = known && strcmp(before.number, info.number) == 0;
        if ((again && before.this_update == info.this_update && before.entries == info.entries) ||
            listed++ >= CRLS_LISTED)
            continue;
        cg_crl_info_title(&info, issuer);
        add(text, "; %sCRL of %s: number %s", known ? "" : "new ", issuer, number_text(&info));
        if (known && !again)
            add(text, " (previously %s)", number_text(&before));
        add(text, ", %zu %s", info.entries, cg_plural((int64_t)info.entries, "entry", "entries"));
        if (again)
            add(text, " (previously %zu)", before.entries);
    }
}

static void add_store(struct text *text, const char *whose, const struct cg_trust *old, const struct cg_trust *new)
{
    char what[80];
    snprintf(what, sizeof what, "trust anchors%s", whose);
    add_certificates(text, what, cg_trust_anchors(old), cg_trust_anchors(new));
    snprintf(what, sizeof what, "intermediates%s", whose);
    add_certificates(text, what, cg_trust_intermediates(old), cg_trust_intermediates(new));
    add_crls(text, cg_trust_crls(old), cg_trust_crls(new));
}

static void report_credential(struct cg_reporter *reporter, const struct cg_credential *old,
                              const struct cg_credential *new, const struct cg_listener_policy *listener)
{
    char before[64] = "the certfile in mosquitto.conf", now[64], detail[200];
    if (!new || (old && X509_cmp(old->leaf, new->leaf) == 0))
        return;
    if (old)
        cg_serial_text(X509_get0_serialNumber(old->leaf), before, sizeof before);
    cg_serial_text(X509_get0_serialNumber(new->leaf), now, sizeof now);
    snprintf(detail, sizeof detail, "serial number %s (previously %s)", now, before);
    const struct cg_event event = {.type = CG_EVENT_CREDENTIAL_LOADED,
                                   .detail = detail,
                                   .certificate = new->leaf,
                                   .file = listener->credential_chain,
                                   .listener = listener->port};
    cg_reporter_write(reporter, &event);
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

void cg_snapshot_diff_report(struct cg_reporter *reporter, const struct cg_snapshot *old, const struct cg_snapshot *new)
{
    struct text text = {"", 0};
    if (new->policy_changes[0])
        add(&text, "; policy: %s", new->policy_changes);
    if (old && old->trust != new->trust) {
        add_certificates(&text, "trust anchors", cg_trust_anchors(old->trust), cg_trust_anchors(new->trust));
        add_certificates(&text, "intermediates", cg_trust_intermediates(old->trust),
                         cg_trust_intermediates(new->trust));
    }
    if (old && old->server_trust != new->server_trust &&new->server_trust != new->trust)
        add_store(&text, " for the broker's own certificate", old->server_trust, new->server_trust);
    if (old && old->bridge_trust != new->bridge_trust &&new->bridge_trust != new->trust)
        add_store(&text, " for bridges", old->bridge_trust, new->bridge_trust);
    if (!old || old->trust != new->trust)
        add_crls(&text, old ? cg_trust_crls(old->trust) : NULL, cg_trust_crls(new->trust));
    const struct cg_event event = {
        .type = CG_EVENT_SNAPSHOT_LOADED,
        .detail = text.len ? text.bytes + 2 : NULL,
        .snapshot = new->number,
        .policy = new->policy->name,
        .anchors = sk_X509_num(cg_trust_anchors(new->trust)),
        .crls = (int64_t)cg_crl_set_count(cg_trust_crls(new->trust)),
    };
    cg_reporter_write(reporter, &event);
    if (!old || old->policy != new->policy) {
        warn_of_psk(reporter, new->policy, &new->policy->base);
        for (size_t i = 0; i < new->policy->nlisteners; i++)
            warn_of_psk(reporter, new->policy, &new->policy->listeners[i]);
    }
    if (!old)
        return;
    report_credential(reporter, old->base_credential, new->base_credential, &new->policy->base);
    for (size_t i = 0; i < new->policy->nlisteners; i++) {
        const struct cg_listener_policy *listener = &new->policy->listeners[i];
        if (!same_text(new->policy->base.credential_chain, listener->credential_chain))
            report_credential(reporter, cg_snapshot_credential(old, listener->port), new->credentials[i], listener);
    }
}
