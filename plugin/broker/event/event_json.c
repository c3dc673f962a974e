/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "event_json.h"

#include "json.h"

#include "core/cert/name.h"

#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

/* Limits of single texts. Even if escaping doubles every byte, a line stays below CG_EVENT_LINE_MAX. */
#define NAME_MAX_BYTES   320
#define SAN_MAX_BYTES    140
#define SANS_MAX         8
#define DETAIL_MAX_BYTES 250
#define FAULT_MAX_BYTES  1000 /* without a certificate: errors about files contain the path more than once */
#define FIX_MAX_BYTES    350
#define ID_MAX_BYTES     256
#define FILE_MAX_BYTES   300

static void write_time(struct cg_json *json, int64_t at_ms)
{
    char date[CG_TIME_TEXT_MAX], text[48];
    cg_time_print(at_ms / 1000, date);
    snprintf(text, sizeof text, "%.19s.%03dZ", date, (int)(at_ms % 1000));
    cg_json_string(json, "ts", text, sizeof text);
}

static void write_reason(struct cg_json *json, const struct cg_event *event)
{
    const struct cg_reason_row *row = cg_reason_row(event->reason);
    bool known = event->reason != CG_REASON_UNSET;
    if (known)
        cg_json_string(json, "reason", row->code, 64);
    if (*cg_event_detail(event))
        cg_json_string(json, "detail", cg_event_detail(event),
                       event->certificate || event->conn ? DETAIL_MAX_BYTES : FAULT_MAX_BYTES);
    if (!known)
        return;
    if (row->kind == CG_KIND_RULE)
        cg_json_string(json, "rule", row->code, 64);
    cg_json_string(json, "ref", row->ref, 64);
}

/* The other rules that the certificate breaks. */
static void write_also(struct cg_json *json, const struct cg_event *event)
{
    const struct cg_verdict *verdict = event->conn ? event->conn->verdict : NULL;
    bool opened = false;
    for (int i = 0; verdict && i < verdict->nfindings; i++) {
        if (verdict->findings[i].reason == event->reason)
            continue;
        if (!opened)
            cg_json_open_array(json, "also");
        opened = true;
        cg_json_string(json, NULL, cg_reason_row(verdict->findings[i].reason)->code, 64);
    }
    if (opened)
        cg_json_close(json);
}

static void write_alert(struct cg_json *json, const char *direction, int code)
{
    cg_json_open_object(json, "alert");
    cg_json_string(json, "direction", direction, 16);
    cg_json_number(json, "code", code);
    cg_json_string(json, "name", cg_alert_text(code), 64);
    cg_json_close(json);
}

static void write_tls(struct cg_json *json, const struct cg_conn *conn)
{
    cg_json_open_object(json, "tls");
    cg_json_string(json, "version", conn->version, 16);
    cg_json_string(json, "cipher", conn->cipher, 64);
    cg_json_string(json, "sni", conn->sni, 256);
    if (conn->resumed)
        cg_json_true(json, "resumed");
    if (conn->alert_sent >= 0)
        write_alert(json, "sent", conn->alert_sent);
    else if (conn->alert_received >= 0)
        write_alert(json, "received", conn->alert_received);
    cg_json_close(json);
}

static void write_sans(struct cg_json *json, const X509 *certificate)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    if (!names)
        return;
    cg_json_open_array(json, "san");
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && i < SANS_MAX; i++) {
        char text[SAN_MAX_BYTES + 1] = "";
        cg_san_text(sk_GENERAL_NAME_value(names, i), text, sizeof text);
        cg_json_string(json, NULL, *text ? text : "malformed", SAN_MAX_BYTES);
    }
    if (sk_GENERAL_NAME_num(names) > SANS_MAX)
        cg_json_string(json, NULL, "...", 3);
    cg_json_close(json);
    GENERAL_NAMES_free(names);
}

static void write_key(struct cg_json *json, const X509 *certificate)
{
    char group[64], text[96];
    const EVP_PKEY *key = X509_get0_pubkey(certificate);
    const char *type = key ? EVP_PKEY_get0_type_name(key) : NULL;
    if (!type)
        return;
    if (EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1)
        snprintf(text, sizeof text, "%s %s", type, group);
    else
        snprintf(text, sizeof text, "%s %d", type, EVP_PKEY_get_bits(key));
    cg_json_string(json, "key", text, sizeof text);
}

static void write_date(struct cg_json *json, const char *key, const ASN1_TIME *time)
{
    int64_t seconds = 0;
    char text[32] = "";
    if (!cg_time_seconds(time, &seconds))
        return;
    cg_time_text(seconds, text, sizeof text);
    cg_json_string(json, key, text, sizeof text);
}

static void write_certificate(struct cg_json *json, const X509 *certificate, int depth)
{
    char name[NAME_MAX_BYTES + 1], serial[64], sha256[CG_HEX_MAX];
    cg_json_open_object(json, "cert");
    cg_json_number(json, "depth", depth);
    cg_name_text(X509_get_subject_name(certificate), name, sizeof name);
    cg_json_string(json, "subject", name, NAME_MAX_BYTES);
    cg_name_text(X509_get_issuer_name(certificate), name, sizeof name);
    cg_json_string(json, "issuer", name, NAME_MAX_BYTES);
    cg_serial_text(X509_get0_serialNumber(certificate), serial, sizeof serial);
    cg_json_string(json, "serial", serial, sizeof serial);
    if (cg_sha256_text(certificate, sha256))
        cg_json_string(json, "sha256", sha256, sizeof sha256);
    write_date(json, "not_before", X509_get0_notBefore(certificate));
    write_date(json, "not_after", X509_get0_notAfter(certificate));
    write_sans(json, certificate);
    write_key(json, certificate);
    cg_json_close(json);
}

static void write_numbers(struct cg_json *json, const struct cg_event *event)
{
    if (event->count) {
        cg_json_number(json, "count", (int64_t)event->count);
        cg_json_number(json, "window_ms", event->window_ms);
    }
    if (event->snapshot)
        cg_json_number(json, "snapshot", (int64_t)event->snapshot);
    if (event->policy) {
        cg_json_string(json, "policy", event->policy, FILE_MAX_BYTES);
        cg_json_number(json, "anchors", event->anchors);
        cg_json_number(json, "crls", event->crls);
    }
}

static void write_openssl(struct cg_json *json, unsigned long error)
{
    char text[200];
    if (!error)
        return;
    ERR_error_string_n(error, text, sizeof text);
    cg_json_string(json, "openssl", text, sizeof text);
}

size_t cg_event_json(const struct cg_event *event, char *out, size_t size)
{
    struct cg_json json;
    const struct cg_conn *conn = event->conn;
    char id[CG_CONN_ID_MAX], peer[CG_PEER_TEXT_MAX];

    cg_json_begin(&json, out, size);
    write_time(&json, event->at_ms);
    if (conn) {
        cg_conn_id(conn, id);
        cg_json_string(&json, "conn", id, sizeof id);
    }
    cg_json_string(&json, "event", cg_event_name(event->type), 64);
    write_reason(&json, event);
    if (event->type == CG_EVENT_HANDSHAKE_AUDITED || event->type == CG_EVENT_CONNECT_AUDITED ||
        event->type == CG_EVENT_SESSION_AUDITED || event->audited)
        cg_json_true(&json, "audit");
    write_also(&json, event);
    if (conn && conn->role == CG_ROLE_BRIDGE)
        cg_json_string(&json, "role", "bridge", 16);
    if (cg_event_listener(event))
        cg_json_number(&json, "listener", cg_event_listener(event));
    cg_json_string(&json, "peer", cg_event_peer(event, peer), 128);
    if (conn)
        write_tls(&json, conn);
    if (event->certificate)
        write_certificate(&json, event->certificate, event->depth);
    cg_json_string(&json, "client_id", event->client_id, ID_MAX_BYTES);
    cg_json_string(&json, "renewal", event->renewal, ID_MAX_BYTES);
    cg_json_string(&json, "file", event->file, FILE_MAX_BYTES);
    write_numbers(&json, event);
    if (conn)
        write_openssl(&json, conn->openssl_error);
    cg_json_string(&json, "fix", cg_event_fix(event), FIX_MAX_BYTES);
    return cg_json_end(&json);
}
