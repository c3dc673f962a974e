/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "event.h"

#include "broker/base/address.h"
#include "broker/base/noun.h"

#include "core/cert/name.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct event_row {
    const char *name;
    enum cg_level level;
    enum cg_event_class class;
    const char *prefix; /* start of the text; the peer follows */
};

static const struct event_row rows[CG_EVENT_COUNT] = {
    [CG_EVENT_NONE] = {"none", CG_LEVEL_INFO, CG_CLASS_ALWAYS, ""},
    [CG_EVENT_HANDSHAKE_REJECTED] = {"handshake_rejected", CG_LEVEL_WARNING, CG_CLASS_REFUSED, "refused"},
    [CG_EVENT_HANDSHAKE_ACCEPTED] = {"handshake_accepted", CG_LEVEL_INFO, CG_CLASS_ACCEPTED, "accepted"},
    [CG_EVENT_HANDSHAKE_PROBED] = {"handshake_probed", CG_LEVEL_NOTICE, CG_CLASS_REFUSED, "probed by"},
    [CG_EVENT_HANDSHAKE_AUDITED] = {"handshake_audited", CG_LEVEL_WARNING, CG_CLASS_AUDITED,
                                    "audit mode: would refuse"},
    [CG_EVENT_CONNECT_DENIED] = {"connect_denied", CG_LEVEL_WARNING, CG_CLASS_REFUSED, "denied CONNECT of"},
    [CG_EVENT_CONNECT_AUDITED] = {"connect_audited", CG_LEVEL_WARNING, CG_CLASS_AUDITED,
                                  "audit mode: would deny CONNECT of"},
    [CG_EVENT_SESSION_ENDED] = {"session_ended", CG_LEVEL_WARNING, CG_CLASS_ALWAYS, "ended the session of"},
    [CG_EVENT_SESSION_AUDITED] = {"session_audited", CG_LEVEL_WARNING, CG_CLASS_ALWAYS, "would end the session of"},
    [CG_EVENT_SESSIONS_CHECKED] = {"sessions_checked", CG_LEVEL_WARNING, CG_CLASS_ALWAYS, "checked live sessions"},
    [CG_EVENT_CONTROL_DENIED] = {"control_denied", CG_LEVEL_WARNING, CG_CLASS_REFUSED, "denied a control request from"},
    [CG_EVENT_RENEWAL_REQUESTED] = {"renewal_requested", CG_LEVEL_NOTICE, CG_CLASS_CLIENT,
                                    "keeps a renewal request of"},
    [CG_EVENT_RENEWAL_REFUSED] = {"renewal_refused", CG_LEVEL_WARNING, CG_CLASS_REFUSED,
                                  "refused a renewal request of"},
    [CG_EVENT_RENEWAL_DELIVERED] = {"renewal_delivered", CG_LEVEL_NOTICE, CG_CLASS_CLIENT,
                                    "delivered a new certificate to"},
    [CG_EVENT_RENEWAL_CONFIRMED] = {"renewal_confirmed", CG_LEVEL_NOTICE, CG_CLASS_CLIENT, "completed the renewal of"},
    [CG_EVENT_SNAPSHOT_LOADED] = {"snapshot_loaded", CG_LEVEL_NOTICE, CG_CLASS_ALWAYS, "loaded"},
    [CG_EVENT_SNAPSHOT_REJECTED] = {"snapshot_rejected", CG_LEVEL_ERROR, CG_CLASS_ALWAYS, "keeps the previous version"},
    [CG_EVENT_CREDENTIAL_LOADED] = {"credential_loaded", CG_LEVEL_NOTICE, CG_CLASS_ALWAYS, "serves a new certificate"},
    [CG_EVENT_BROKER_CERTIFICATE_REJECTED] = {"broker_certificate_rejected", CG_LEVEL_ERROR, CG_CLASS_ALWAYS,
                                              "rejected the broker's certificate"},
    [CG_EVENT_BROKER_CERTIFICATE_ACCEPTED] = {"broker_certificate_accepted", CG_LEVEL_NOTICE, CG_CLASS_ALWAYS,
                                              "accepted the broker's certificate again"},
    [CG_EVENT_BROKER_CERTIFICATE_AUDITED] = {"broker_certificate_audited", CG_LEVEL_WARNING, CG_CLASS_ALWAYS,
                                             "audit mode: would reject the broker's certificate"},
    [CG_EVENT_CRL_STALE] = {"crl_stale", CG_LEVEL_WARNING, CG_CLASS_ALWAYS, "a CRL is due for renewal"},
    [CG_EVENT_EXPIRY_WARNING] = {"expiry_warning", CG_LEVEL_WARNING, CG_CLASS_CLIENT, "expiry warning"},
    [CG_EVENT_CONFIGURATION_WARNING] = {"configuration_warning", CG_LEVEL_WARNING, CG_CLASS_ALWAYS,
                                        "configuration warning"},
    [CG_EVENT_SUPPRESSED] = {"suppressed", CG_LEVEL_WARNING, CG_CLASS_ALWAYS, "suppressed events of"},
    [CG_EVENT_EVENTS_LOST] = {"events_lost", CG_LEVEL_ERROR, CG_CLASS_ALWAYS, "lost events"},
};

const char *cg_event_name(enum cg_event_type type)
{
    return (int)type >= 0 && type < CG_EVENT_COUNT ? rows[type].name : rows[CG_EVENT_NONE].name;
}

enum cg_level cg_event_level(enum cg_event_type type)
{
    return (int)type >= 0 && type < CG_EVENT_COUNT ? rows[type].level : CG_LEVEL_ERROR;
}

enum cg_event_class cg_event_class(const struct cg_event *event)
{
    bool known = (int)event->type >= 0 && event->type < CG_EVENT_COUNT;
    enum cg_event_class class = known ? rows[event->type].class : CG_CLASS_UNSET;
    return class == CG_CLASS_CLIENT && !event->conn ? CG_CLASS_ALWAYS : class;
}

const X509 *cg_event_certificate(const struct cg_conn *conn, int *depth)
{
    const struct cg_verdict *verdict = conn->verdict;
    *depth = 0;
    if (verdict && verdict->depth > 0 && verdict->depth < sk_X509_num(verdict->path)) {
        *depth = verdict->depth;
        return sk_X509_value(verdict->path, verdict->depth);
    }
    return conn->peer_leaf;
}

const char *cg_event_detail(const struct cg_event *event)
{
    if (event->detail && *event->detail)
        return event->detail;
    return event->reason == CG_REASON_UNSET ? "" : cg_reason_row(event->reason)->sentence;
}

static enum cg_cert_owner owner_of(const struct cg_event *event)
{
    bool own = event->type == CG_EVENT_BROKER_CERTIFICATE_REJECTED ||
               event->type == CG_EVENT_BROKER_CERTIFICATE_AUDITED;
    bool bridge = event->conn && event->conn->role == CG_ROLE_BRIDGE;
    return own ? CG_OF_BROKER : bridge ? CG_OF_BRIDGE : CG_OF_CLIENT;
}

const char *cg_event_fix(const struct cg_event *event)
{
    if (event->fix)
        return event->fix;
    bool known = event->reason != CG_REASON_UNSET && event->reason != CG_REASON_OK;
    return known ? cg_reason_fix(event->reason, owner_of(event)) : "";
}

const char *cg_event_peer(const struct cg_event *event, char buffer[CG_PEER_TEXT_MAX])
{
    buffer[0] = '\0';
    if (event->conn)
        cg_conn_peer_text(event->conn, buffer);
    return event->peer ? cg_address_unmapped(event->peer) : buffer;
}

uint16_t cg_event_listener(const struct cg_event *event)
{
    return event->conn ? event->conn->listener : event->listener;
}

/* Appends to the text and cuts what does not fit. */
__attribute__((format(printf, 4, 5))) static void add(char *out, size_t size, size_t *len, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(out + *len, size - *len, format, args);
    va_end(args);
    if (n > 0)
        *len += (size_t)n < size - *len ? (size_t)n : size - *len - 1;
}

/* Length without a full stop at the end, since more text may follow. */
static int without_stop(const char *text)
{
    size_t len = strlen(text);
    return (int)(len && text[len - 1] == '.' ? len - 1 : len);
}

static void add_peer(const struct cg_event *event, char *out, size_t size, size_t *n)
{
    char buffer[CG_PEER_TEXT_MAX];
    const char *peer = cg_event_peer(event, buffer);
    bool bridge = event->conn && event->conn->role == CG_ROLE_BRIDGE;
    add(out, size, n, "%s", rows[event->type].prefix);
    if (*peer)
        add(out, size, n, " %s%s", bridge ? "the bridge's peer " : "", peer);
    if (cg_event_listener(event) && !bridge)
        add(out, size, n, " on %u", cg_event_listener(event));
    if (event->file)
        add(out, size, n, " (%s)", event->file);
}

static void add_numbers(const struct cg_event *event, char *out, size_t size, size_t *n)
{
    if (event->policy)
        add(out, size, n, " policy %s: %lld trust %s, %lld %s", event->policy, (long long)event->anchors,
            cg_noun(event->anchors, "anchor", "anchors"), (long long)event->crls, cg_noun(event->crls, "CRL", "CRLs"));
    if (event->count && event->window_ms)
        add(out, size, n, ": %llu within %lld s", (unsigned long long)event->count,
            (long long)((event->window_ms + 999) / 1000));
}

void cg_event_text(const struct cg_event *event, char *out, size_t size)
{
    char subject[200] = "", id[128];
    size_t n = 0;
    const char *detail = cg_event_detail(event), *fix = cg_event_fix(event);

    out[0] = '\0';
    add_peer(event, out, size, &n);
    add_numbers(event, out, size, &n);
    if (*detail)
        add(out, size, &n, ": %.*s", without_stop(detail), detail);
    if (event->certificate)
        cg_name_text(X509_get_subject_name(event->certificate), subject, sizeof subject);
    if (*subject)
        add(out, size, &n, " (%s)", subject);
    if (event->client_id) {
        cg_text_escape(event->client_id, strlen(event->client_id), id, sizeof id);
        add(out, size, &n, " (client id %s)", id);
    }
    if (*fix)
        add(out, size, &n, ". %.*s", without_stop(fix), fix);
    if (event->reason != CG_REASON_UNSET && event->reason != CG_REASON_OK)
        add(out, size, &n, " [%s]", cg_reason_row(event->reason)->code);
}
